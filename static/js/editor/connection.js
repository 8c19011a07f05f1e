// A save whose response was lost may have been saved or not: once the connection is back the course is read again, and
// the page says which it was.
(() => {
  "use strict";

  const { course } = portal;
  const FIRST_MS = 5000;
  const LONGEST_MS = 60_000;
  let timer = null;
  let wait = FIRST_MS;

  const isUnanswered = () => Boolean(portal.noticed("unanswered"));

  function lookSoon() {
    clearTimeout(timer);
    if (!isUnanswered()) return;
    timer = setTimeout(look, wait);
    wait = Math.min(2 * wait, LONGEST_MS);
  }

  async function look() {
    clearTimeout(timer);
    if (!isUnanswered() || portal.saving.running() || !navigator.onLine) return lookSoon();
    const form = course.form();
    if (course.isConflict(form)) return;
    const address = form.dataset.again;
    await htmx.ajax("GET", address, { source: "#editor", target: "#editor", swap: "morph show:none" }).catch(() => {});
  }

  // What saving now would change; null if unknown.
  async function changes(form) {
    const body = new FormData(form);
    body.delete("cover");
    const headers = { "HX-Request": "true", "X-CSRFToken": body.get("csrfmiddlewaretoken") };
    try {
      const answer = await fetch(form.dataset.plan, { method: "POST", body, headers });
      return answer.ok ? (answer.headers.get("X-Changes") ?? "").split(" ").filter(Boolean) : null;
    } catch {
      return null;
    }
  }

  async function tell(form) {
    const known = course.state(form);
    const left = course.changed(form).length ? await changes(form) : [];
    if (left === null || portal.saving.running()) return lookSoon();
    for (const name of course.changed(form)) {
      if (!left.includes(course.unit(name))) course.put(form, name, known.base[name]);
    }
    course.carryVersions(form);
    portal.unnotice("unanswered");
    portal.saving.show(form);
    form.dispatchEvent(new CustomEvent("course:answered", { bubbles: true }));
    portal.toast("told", (words) => (course.isDirty(form) ? words.notSaved : words.wasSaved));
  }

  document.addEventListener("htmx:afterSettle", ({ detail, target }) => {
    if (target.id !== "editor" || detail.requestConfig?.verb !== "get" || !isUnanswered()) return;
    const form = course.form();
    const { pathname } = new URL(detail.xhr.responseURL);
    if (form.dataset.again === pathname && location.pathname !== pathname) history.replaceState({ htmx: true }, "", pathname);
    tell(form);
  });
  document.addEventListener("course:answered", () => {
    wait = FIRST_MS;
    lookSoon();
  });
  addEventListener("online", look);
  // The connection is back: another request was answered.
  document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
    if (successful && elt.matches("[data-poll], [data-look]") && isUnanswered()) look();
  });
})();
