// Escape leaves what was opened for a moment.
(() => {
  "use strict";

  document.addEventListener("keydown", ({ key, target }) => {
    if (key === "Escape") target.closest("[data-escape]")?.querySelector("[data-cancel]")?.click();
  });
})();
