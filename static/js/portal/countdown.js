// Counts down the seconds until the next try; the server sends them again with each poll.
(() => {
  "use strict";

  setInterval(() => {
    portal.all("[data-countdown]").forEach((seconds) => {
      seconds.textContent = Math.max(Number(seconds.textContent) - 1, 0);
    });
  }, 1000);
})();
