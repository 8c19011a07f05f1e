// The error summary takes the focus, unless the page names a field for it, and shrinks as errors are fixed; a single
// message marks its field.
(() => {
  "use strict";

  const summary = () => document.querySelector("[data-error-summary]");
  const focus = (whole) => (document.querySelector("main form [autofocus]") ?? whole)?.focus();
  const words = (message) => message?.textContent.trim() ?? "";
  const fieldOf = ({ id }) => document.querySelector(`[aria-describedby~="${id}"], [data-error="${id}"]`);
  const messages = () => portal.all(".invalid-feedback[id]");

  function mark(message) {
    const field = fieldOf(message);
    if (!field) return;
    const wrong = words(message) !== "";
    field.classList.toggle("is-invalid", wrong);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  let said = new Map();
  const remember = () => { said = new Map(messages().map((message) => [message.id, words(message)])); };
  function announce() {
    const news = messages().filter((message) => words(message) && words(message) !== said.get(message.id));
    news.forEach((message) => portal.announce(`${fieldOf(message)?.labels?.[0]?.textContent ?? ""} ${words(message)}`.trim()));
  }

  function shrink(whole) {
    const title = whole?.querySelector("[data-many]");
    if (!title) return;
    portal.all("li[data-error-of]", whole)
      .filter((line) => !words(document.getElementById(line.dataset.errorOf)))
      .forEach((line) => line.remove());
    const left = portal.all("li", whole).length;
    if (!left) whole.remove();
    else title.textContent = left === 1 ? title.dataset.one : title.dataset.many.replace("{n}", left);
  }

  document.addEventListener("htmx:afterSettle", ({ target, detail: { xhr } }) => {
    const whole = summary();
    messages().forEach(mark);
    // After a submit the focus moves to the errors, which announces them; typing is never interrupted.
    if (whole && target.parentElement?.contains(whole) && xhr.status >= 400 && !portal.isTyping()) focus(whole);
    else announce();
    shrink(whole);
    remember();
  });
  messages().forEach(mark);
  remember();
  if (summary()) focus(summary());
})();
