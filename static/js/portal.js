// What HTML and htmx cannot do alone: failures told in words, drafts of typed text, focus on what needs it.
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const toasts = () => document.getElementById("toasts");

  // Toasts ------------------------------------------------------------------------------------------------------
  function show(templateId, fill) {
    const note = document.getElementById(templateId).content.firstElementChild.cloneNode(true);
    fill?.(note);
    toasts().append(note);
    return note;
  }

  function sayFailed(cause) {
    all(".toast-note-error", toasts()).forEach((note) => note.remove());
    show("toast-failed", (note) => {
      const words = note.querySelector("p");
      words.textContent = words.dataset[cause];
    });
  }

  document.addEventListener("click", ({ target }) => {
    target.closest(".toast-note:not(.toast-note-offer)")?.remove();
  });
  document.addEventListener("animationend", ({ animationName, target }) => {
    if (animationName === "toast-leaves") target.remove();
  });

  // htmx: what failed is said, never swapped; a status that could not be asked for is asked for again ------------
  function failed({ detail }, cause) {
    if (detail.elt.matches("[data-poll]")) setTimeout(() => htmx.trigger(detail.elt, "poll"), 5000);
    else if (!detail.elt.matches("[data-look]")) sayFailed(cause);
  }
  document.addEventListener("htmx:sendError", (event) => failed(event, "network"));
  document.addEventListener("htmx:timeout", (event) => failed(event, "network"));
  document.addEventListener("htmx:responseError", (event) => failed(event, event.detail.xhr.status < 500 ? "refused" : "server"));

  // Errors: the summary takes the focus; a message judged on its own marks its field ---------------------------
  function focusErrors(root) {
    root.querySelector("[data-error-summary]")?.focus();
  }
  function markField(message) {
    const field = document.querySelector(`[aria-describedby~="${message.id}"], [data-error="${message.id}"]`);
    if (!field) return;
    const wrong = message.textContent.trim() !== "";
    field.classList.toggle("is-invalid", wrong);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  // Drafts: what was typed, kept in this browser until it is saved or its writer signs out ----------------------
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
    const note = show("draft-offer");
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
    focusErrors(root);
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

  // What came in by htmx is new to all of the above --------------------------------------------------------------
  const chip = () => document.querySelector("#status .chip")?.textContent;
  let said = chip();
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    start(target.parentElement ?? document);
    all(".invalid-feedback[id]").forEach(markField);
    const before = said;
    said = chip();
    // The status is asked for every second: a screen reader hears of it when it has become another one.
    if (target.id !== "status" || said === before) return;
    const news = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: said });
    toasts().append(news);
    setTimeout(() => news.remove(), 5000);
  });

  // Escape leaves what was opened for a moment ------------------------------------------------------------------
  document.addEventListener("keydown", ({ key, target }) => {
    if (key === "Escape") target.closest("[data-escape]")?.querySelector("[data-cancel]")?.click();
  });

  // The script is deferred: the page is there.
  settleSent();
  start(document);
  all("form[data-draft]:not([data-dirty])").forEach(offer);
})();
