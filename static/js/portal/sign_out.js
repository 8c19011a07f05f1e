// Signing out discards unsaved text, so it asks first, also for text in other tabs and for drafts.
(() => {
  "use strict";

  // Only the editor knows of unsaved text.
  portal.unsaved = () => false;

  function leave(form) {
    portal.leaving = true;
    portal.drafts.forgetAll();
    form.submit();
  }

  function ask(form) {
    const dialog = document.getElementById("sign-out-question").content.firstElementChild.cloneNode(true);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      portal.stayed();
      if (dialog.returnValue === "discard") leave(form);
    });
    dialog.showModal();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-sign-out]") || !(portal.unsaved() || portal.drafts.any())) return;
    event.preventDefault();
    ask(form);
  });
})();
