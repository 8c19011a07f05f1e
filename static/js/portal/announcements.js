// The status is asked for every second: a screen reader hears of it when it has become another one.
(() => {
  "use strict";

  const chip = () => document.querySelector("#status .chip")?.textContent;
  let said = chip();
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    const before = said;
    said = chip();
    if (target.id !== "status" || said === before) return;
    const news = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: said });
    portal.toasts().append(news);
    setTimeout(() => news.remove(), 5000);
  });
})();
