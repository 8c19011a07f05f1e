// Drafts: unsaved changes are kept in this browser, and offered until the user accepts or discards them.
(() => {
  "use strict";

  const { course, drafts } = portal;
  const KEEP_MS = 400;
  let soon = null;

  const keyOf = (form) => drafts.key(course.state(form).scope, course.state(form).page);
  // The key of this page's draft; changes when a new course has been created.
  let kept = null;

  function keep() {
    clearTimeout(soon);
    soon = null;
    const form = course.form();
    if (course.isConflict(form)) return true; // the draft is part of the conflict
    const fields = course.draft(form);
    const key = keyOf(form);
    if (kept && kept !== key) {
      if (kept.startsWith(drafts.key("new", ""))) drafts.forget(kept);
      kept = null;
    }
    if (!Object.keys(fields).length) {
      if (kept) drafts.forget(kept);
      kept = null;
      return true;
    }
    kept = key;
    return drafts.write(key, fields);
  }

  function restore(key) {
    const draft = drafts.read(key);
    const form = course.form();
    if (!draft || course.isConflict(form)) return;
    course.take(form, draft.fields);
    for (const name of Object.keys(draft.fields)) {
      const field = [...form.elements].find((one) => one.name === name);
      for (const kind of ["input", "change"]) field?.dispatchEvent(new Event(kind, { bubbles: true }));
    }
    if (keep()) drafts.forget(key);
  }

  const labelOf = (form, name) =>
    [...form.elements].find((one) => one.name === name)?.labels?.[0]?.textContent.trim() ?? "";

  function offer(form, { at, fields, key }) {
    const note = portal.notice("draft", {
      key,
      fill: (offered) => {
        const words = offered.querySelector("p");
        const [before, after] = words.dataset.words.split("{time}");
        words.replaceChildren(before, portal.time(new Date(at)), after);
        const labels = Object.keys(fields).map((name) => labelOf(form, name)).filter(Boolean);
        offered.querySelector("[data-fields]").textContent = labels.join(", ");
      },
    });
    note.addEventListener("click", ({ target }) => {
      if (target.closest("[data-restore]")) restore(key);
      else if (target.closest("[data-discard]")) drafts.forget(key);
      else return;
      note.remove();
    });
  }

  const isNews = (form, fields) => {
    const now = course.values(form);
    return Object.entries(fields).some(([name, { text }]) => name in now && text !== now[name]);
  };

  // A page can become another course's (a new one was saved, a copy was made), or a conflict page: an earlier offer would
  // then put the draft in the wrong place.
  const placeOf = (form) => (course.isConflict(form) ? "conflict" : course.state(form).scope);
  let offeredAt = null;

  function offerAll() {
    const form = course.form();
    offeredAt = placeOf(form);
    portal.all("[data-notice^='draft']").forEach((note) => note.remove());
    if (course.isConflict(form)) return;
    const wanted = portal.drafts.wanted();
    for (const draft of drafts.of(course.state(form).scope)) {
      if (draft.key === keyOf(form)) continue;
      if (!isNews(form, draft.fields)) drafts.forget(draft.key);
      else if (draft.key === wanted) restore(draft.key);
      else offer(form, draft);
    }
  }

  document.addEventListener("input", ({ target }) => {
    if (!target.form || target.form !== course.form()) return;
    clearTimeout(soon);
    soon = setTimeout(keep, KEEP_MS);
  });
  document.addEventListener("submit", keep, { capture: true });
  document.addEventListener("course:answered", () => {
    keep();
    if (placeOf(course.form()) !== offeredAt) offerAll();
  });
  addEventListener("pagehide", () => { if (soon && !portal.leaving) keep(); });
  document.addEventListener("visibilitychange", () => { if (soon && document.hidden) keep(); });
  // Accepted, discarded or saved in another tab.
  addEventListener("storage", ({ key, newValue }) => { if (key && newValue === null) portal.unnotice("draft", key); });

  addEventListener("beforeunload", (event) => {
    if (portal.leaving || !portal.unsaved()) return;
    event.preventDefault();
    setTimeout(portal.stayed);
  });
  addEventListener("pageshow", ({ persisted }) => {
    portal.leaving = false;
    if (persisted) offerAll();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drop-changes]")) {
      portal.leaving = true;
      if (kept) drafts.forget(kept);
    }
    const signIn = event.target.closest("[data-sign-in]");
    if (!signIn) return;
    // In this tab the text is kept here until its author is back; otherwise sign-in opens in another tab, and this one stays.
    const safe = keep() && !course.file(course.form()) && !course.isConflict(course.form());
    if (!safe) signIn.target = "_blank";
    else {
      portal.leaving = true;
      if (kept) drafts.want(kept);
    }
  });

  offerAll();
})();
