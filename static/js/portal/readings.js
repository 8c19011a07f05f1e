// Ambiguous amounts: choosing a reading fills the field and requests the plan again. Nothing is saved.
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fills]");
    if (!button) return;
    event.preventDefault();
    const field = document.getElementById(button.dataset.fills);
    field.value = button.value;
    field.focus();
    for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
  });
})();
