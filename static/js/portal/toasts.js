// Messages that come and go. Their words are in templates of the page, so that they can be translated.
const portal = {};

(() => {
  "use strict";

  portal.all = (selector, root = document) => [...root.querySelectorAll(selector)];
  portal.toasts = () => document.getElementById("toasts");

  portal.show = (templateId, fill) => {
    const note = document.getElementById(templateId).content.firstElementChild.cloneNode(true);
    fill?.(note);
    portal.toasts().append(note);
    return note;
  };

  document.addEventListener("click", ({ target }) => {
    target.closest(".toast-note:not(.toast-note-offer)")?.remove();
  });
  document.addEventListener("animationend", ({ animationName, target }) => {
    if (animationName === "toast-leaves") target.remove();
  });
})();
