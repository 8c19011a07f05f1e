// Messages: toasts disappear, notices stay until they are resolved. Their texts are in templates of the page.
const portal = {};

(() => {
  "use strict";

  const all = (portal.all = (selector, root = document) => [...root.querySelectorAll(selector)]);
  portal.toasts = () => document.getElementById("toasts");
  const notices = () => document.getElementById("notices");
  const copyOf = (templateId) => document.getElementById(templateId).content.firstElementChild.cloneNode(true);

  portal.toast = (kind, words) => {
    const note = copyOf(kind === "error" ? "toast-failed" : "toast-told");
    note.querySelector("p").textContent = words(note.querySelector("p").dataset);
    portal.toasts().append(note);
    return note;
  };
  portal.forgetFailures = () => all(".toast-note-error", portal.toasts()).forEach((note) => note.remove());

  // One notice per name, or per `key`.
  portal.notice = (name, { key = "", fill } = {}) => {
    const known = all("[data-notice]", notices()).find(({ dataset }) => dataset.notice === name + key);
    if (known) return known;
    const note = copyOf(`notice-${name}`);
    note.dataset.notice = name + key;
    fill?.(note);
    notices().append(note);
    return note;
  };
  portal.noticed = (name) => notices().querySelector(`[data-notice="${name}"]`);
  portal.unnotice = (name, key = "") =>
    all("[data-notice]", notices())
      .filter(({ dataset }) => dataset.notice === name + key)
      .forEach((note) => note.remove());

  portal.abort = (selector) => {
    const node = document.querySelector(selector);
    if (node) htmx.trigger(node, "htmx:abort");
  };

  document.addEventListener("click", ({ target }) => {
    const note = target.closest(".toast-note");
    if (note && (!note.matches(".toast-note-stays") || target.closest(".toast-close"))) note.remove();
  });
  document.addEventListener("animationend", ({ animationName, target }) => {
    if (animationName === "toast-leaves") target.remove();
  });
})();
