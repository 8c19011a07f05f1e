// A pressed button shows at once that it is waiting for its response.
(() => {
  "use strict";

  const waiting = new Map();
  portal.busy = (pressed) => pressed.setAttribute("aria-busy", "true");
  portal.ready = (pressed) => pressed.removeAttribute("aria-busy");

  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig, xhr } }) => {
    const pressed = requestConfig.triggeringEvent?.submitter ?? (elt.matches("button, a") ? elt : null);
    if (!pressed) return;
    portal.busy(pressed);
    waiting.set(xhr, pressed);
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
    if (waiting.has(xhr)) portal.ready(waiting.get(xhr));
    waiting.delete(xhr);
  });

  // Other links lead to another page; on return, nothing is pending any more.
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && event.submitter) portal.busy(event.submitter);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const elsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || event.defaultPrevented || elsewhere || link.target || link.hasAttribute("download")) return;
    if (link.origin === location.origin && !link.hash) portal.busy(link);
  });
  portal.stayed = () => portal.all("a[aria-busy], button[aria-busy]").forEach(portal.ready);
  addEventListener("pageshow", portal.stayed);
})();
