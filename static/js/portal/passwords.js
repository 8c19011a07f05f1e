// Passwords are typed once: a button reveals them. Without JavaScript the style sheet hides the button.
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
  // Browsers offer to store only what was sent from a password field.
  document.addEventListener("submit", ({ target }) => {
    for (const button of target.querySelectorAll("[data-show-password][aria-pressed=true]")) button.click();
  });
})();
