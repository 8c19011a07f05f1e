// A request that failed is said in words, never swapped; a status that could not be asked for is asked for again.
(() => {
  "use strict";

  function say(cause) {
    portal.all(".toast-note-error", portal.toasts()).forEach((note) => note.remove());
    portal.show("toast-failed", (note) => {
      const words = note.querySelector("p");
      words.textContent = words.dataset[cause];
    });
  }

  function failed({ detail }, cause) {
    if (detail.elt.matches("[data-poll]")) setTimeout(() => htmx.trigger(detail.elt, "poll"), 5000);
    else if (!detail.elt.matches("[data-look]")) say(cause);
  }
  document.addEventListener("htmx:sendError", (event) => failed(event, "network"));
  document.addEventListener("htmx:timeout", (event) => failed(event, "network"));
  document.addEventListener("htmx:responseError", (event) => failed(event, event.detail.xhr.status < 500 ? "refused" : "server"));
})();
