// Announces changes that do not take the focus to screen readers, in a live region that stays in the page.
(() => {
  "use strict";

  // Only the editor knows whether the user has typed on since the press.
  portal.isTyping = () => false;

  portal.announce = (words) => {
    const news = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: words });
    portal.toasts().append(news);
    setTimeout(() => news.remove(), 5000);
  };

  // The status is polled every second, and announced only when it changes.
  const chip = () => document.querySelector("#status .chip")?.textContent;
  let said = chip();
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    const before = said;
    said = chip();
    if (target.id === "status" && said !== before) portal.announce(said);
  });
})();
