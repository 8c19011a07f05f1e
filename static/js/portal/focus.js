// A press never loses the focus: if the response removed the focused element, the focus moves to the response's heading
// or message.
(() => {
  "use strict";

  const pressed = new WeakSet();
  const lost = () => !document.activeElement || document.activeElement === document.body;

  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, target, xhr } }) => {
    if (elt.contains(document.activeElement) || (!lost() && target.contains(document.activeElement))) pressed.add(xhr);
  });
  document.addEventListener("htmx:afterSettle", ({ target, detail: { xhr } }) => {
    if (!lost() || !pressed.has(xhr)) return;
    const place = document.getElementById(target.id) ?? document.getElementById("main");
    const heading = place.querySelector("[data-error-summary], h1, h2") ?? document.querySelector("main h1") ?? place;
    if (!heading.hasAttribute("tabindex")) heading.setAttribute("tabindex", "-1");
    heading.focus();
  });
})();
