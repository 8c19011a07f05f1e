// Signing out throws unsaved text away, so it asks first: also where the text is in another tab or only kept.
(() => {
  "use strict";

  // What the page on which a course is written knows of unsaved text; other pages have none.
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
