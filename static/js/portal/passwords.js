// Passwords are typed once: a button shows what was typed. Without JavaScript the style sheet leaves it out.
(() => {
  "use strict";

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-show-password]");
    if (!button) return;
    const field = document.getElementById(button.getAttribute("aria-controls"));
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
  // Browsers offer to keep what was sent from a password field alone.
  document.addEventListener("submit", ({ target }) => {
    for (const button of target.querySelectorAll("[data-show-password][aria-pressed=true]")) button.click();
  });
})();
