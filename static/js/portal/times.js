// Shows times in the reader's time zone. Without JavaScript they are in the portal's.
(() => {
  "use strict";

  portal.clock = (date) => {
    const now = new Date();
    const day = date.toDateString() === now.toDateString() ? {} : { day: "numeric", month: "short" };
    const year = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
    return new Intl.DateTimeFormat(document.documentElement.lang, { ...day, ...year, ...time }).format(date);
  };
  portal.time = (date) =>
    Object.assign(document.createElement("time"), { dateTime: date.toISOString(), textContent: portal.clock(date) });
})();
