// What changed without taking the focus is said to screen readers, in a part of the page that stays where it is.
(() => {
  "use strict";

  // The page on which a course is written knows whether somebody has typed on since the press.
  portal.isTyping = () => false;

  portal.announce = (words) => {
    const news = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: words });
    portal.toasts().append(news);
    setTimeout(() => news.remove(), 5000);
  };

  // The status is asked for every second: it is said when it has become another one.
  const chip = () => document.querySelector("#status .chip")?.textContent;
  let said = chip();
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    const before = said;
    said = chip();
    if (target.id === "status" && said !== before) portal.announce(said);
  });
})();
