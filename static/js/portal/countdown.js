// The seconds until the next try tick by themselves; the server says them anew whenever the status is asked for.
(() => {
  "use strict";

  setInterval(() => {
    portal.all("[data-countdown]").forEach((seconds) => {
      seconds.textContent = Math.max(Number(seconds.textContent) - 1, 0);
    });
  }, 1000);
})();
