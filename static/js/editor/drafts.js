// Drafts: what was typed, kept in this browser until it is saved or its writer signs out.
(() => {
  "use strict";

  const { all } = portal;
  const PREFIX = "draft:";
  const SENT = "draft-sent";
  let leaving = false;

  const keyOf = (form) => `${PREFIX}${document.body.dataset.person}:${form.dataset.draft}`;
  const typedIn = (form) =>
    JSON.stringify(
      [...form.elements]
        .filter(({ name, type }) => name && !["hidden", "file", "submit", "button", "password"].includes(type))
        .filter(({ type, checked }) => !["radio", "checkbox"].includes(type) || checked)
        .map(({ name, value }) => [name, value.replace(/\r\n/g, "\n")]),
    );
  const chosen = (form) => all("input[type=file]", form).some(({ files }) => files.length);
  const dirty = (form) => form.hasAttribute("data-dirty") || chosen(form) || typedIn(form) !== form.atStart;

  // A full or forbidden store must not break the page: drafts are a courtesy.
  function store(action) {
    try {
      return action(localStorage, sessionStorage);
    } catch {
      return null;
    }
  }
  const forget = (key) => store((local) => local.removeItem(key));
  function keep(form) {
    clearTimeout(form.keepSoon);
    form.keepSoon = null;
    store((local) => (dirty(form) ? local.setItem(keyOf(form), typedIn(form)) : local.removeItem(keyOf(form))));
  }

  function restore(form, draft) {
    for (const [name, value] of JSON.parse(draft)) {
      const field = form.elements.namedItem(name);
      if (!field || field.value === value) continue;
      field.value = value;
      (field.length && !field.options ? form : field).dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function offer(form) {
    const draft = store((local) => local.getItem(keyOf(form)));
    if (!draft) return;
    if (draft === form.atStart) {
      forget(keyOf(form));
      return;
    }
    const note = portal.show("draft-offer");
    note.addEventListener("click", ({ target }) => {
      if (target.closest("[data-restore]")) restore(form, draft);
      else if (target.closest("[data-discard]")) forget(keyOf(form));
      else return;
      note.remove();
    });
  }

  function watch(form) {
    if (form.atStart !== undefined) return;
    form.atStart = typedIn(form);
    form.addEventListener("input", () => {
      clearTimeout(form.keepSoon);
      form.keepSoon = setTimeout(() => keep(form), 400);
    });
    form.addEventListener("submit", () => {
      keep(form);
      if (!form.matches("[hx-post]")) {
        store((_, session) => session.setItem(SENT, keyOf(form)));
        leaving = true;
      }
    });
  }

  function settleSent() {
    const sent = store((_, session) => session.getItem(SENT));
    if (!sent) return;
    store((_, session) => session.removeItem(SENT));
    // Sent from the page before this one. Sign-in, an error page or the form again with its errors: it was not saved.
    const saved = document.querySelector("form[data-draft]:not([data-dirty]), .toast-note-success");
    if (saved && !document.querySelector("input[type=password]")) forget(sent);
  }

  function start(root) {
    all("form[data-draft]", root).forEach(watch);
  }

  addEventListener("beforeunload", (event) => {
    if (!leaving && all("form[data-draft]").some(dirty)) event.preventDefault();
  });
  addEventListener("pagehide", () => all("form[data-draft]").filter(({ keepSoon }) => keepSoon).forEach(keep));
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("submit", ({ target }) => {
    if (!target.matches("[data-sign-out]")) return;
    leaving = true;
    all("form[data-draft]").forEach((form) => {
      clearTimeout(form.keepSoon);
      form.keepSoon = null;
    });
    store((local) => Object.keys(local).filter((key) => key.startsWith(PREFIX)).forEach((key) => local.removeItem(key)));
  });

  document.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr } }) => {
    // A lapsed session: sign in, come back, and the draft is offered.
    if (xhr.getResponseHeader("HX-Redirect")) leaving = true;
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig, successful, xhr } }) => {
    const form = requestConfig.elt;
    if (form.matches("form[data-draft]") && successful && xhr.status < 300 && !leaving) forget(keyOf(form));
  });

  document.addEventListener("htmx:afterSettle", ({ target }) => start(target.parentElement ?? document));

  // The script is deferred: the page is there.
  settleSent();
  start(document);
  all("form[data-draft]:not([data-dirty])").forEach(offer);
})();
