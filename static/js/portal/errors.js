// The error summary takes the focus; a message that came in alone marks its field.
(() => {
  "use strict";

  function focusSummary(root) {
    root.querySelector("[data-error-summary]")?.focus();
  }
  function markField(message) {
    const field = document.querySelector(`[aria-describedby~="${message.id}"], [data-error="${message.id}"]`);
    if (!field) return;
    const wrong = message.textContent.trim() !== "";
    field.classList.toggle("is-invalid", wrong);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  document.addEventListener("htmx:afterSettle", ({ target }) => {
    focusSummary(target.parentElement ?? document);
    portal.all(".invalid-feedback[id]").forEach(markField);
  });
  focusSummary(document);
})();
