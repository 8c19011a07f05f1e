// Escape closes what was opened temporarily.
(() => {
  "use strict";

  document.addEventListener("keydown", ({ key, target }) => {
    if (key === "Escape") target.closest("[data-escape]")?.querySelector("[data-cancel]")?.click();
  });
})();
