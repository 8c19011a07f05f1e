// What only editing needs is requested at the first touch of the form, so that a page that is only read is smaller.
(() => {
  "use strict";

  const WAIT_MS = 30_000;
  const { later: source } = document.currentScript.dataset;
  let requested = null;

  const request = () =>
    new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: source, onload: resolve, onerror: reject });
      document.head.append(script);
      setTimeout(reject, WAIT_MS);
    });

  // Rejected if it does not come; the next call then requests it again.
  portal.later = () => {
    requested ??= request().catch((problem) => {
      requested = null;
      throw problem;
    });
    return requested;
  };
  portal.hasLater = () => Boolean(portal.picture);

  for (const kind of ["input", "pointerdown", "dragover"]) {
    document.addEventListener(kind, () => portal.later().catch(() => {}), { once: true });
  }
})();
