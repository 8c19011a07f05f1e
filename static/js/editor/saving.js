// Save, Publish and the like: shown at once, queued while another save is in progress, with the result beside Save.
(() => {
  "use strict";

  const { course } = portal;
  const STALLED_MS = 30_000;
  const ANSWER_MS = 60_000;
  let running = null; // {xhr, press, stalled, canceled}
  let queued = null; // {id, press}: the button pressed in the meantime

  // Identifies a press: two buttons, or one at two times, may ask for the same.
  const pressOf = (button) => [button?.getAttribute("formaction"), button?.name, button?.value].map((part) => part ?? "").join();

  // The template's text, with {time} as a placeholder; announced only when it changes.
  const line = () => document.getElementById("save-state");
  let lastSaved = null;
  let said = "";
  function say(what) {
    const node = line();
    const key = what === "saved" ? what + lastSaved.toISOString() : what;
    if (!node || (said === key && node.dataset.said)) return;
    said = node.dataset.said = key;
    const [before, after = ""] = (node.dataset[what] ?? "").split("{time}");
    node.replaceChildren(before, ...(what === "saved" ? [portal.time(lastSaved), after] : []));
  }

  function show(form) {
    if (running) say("saving");
    else if (course.isDirty(form)) say("unsaved");
    else say(lastSaved ? "saved" : "untouched");
  }

  // Silence alone is no time-out: an upload may be in progress.
  function giveUpWhenStalled({ xhr }) {
    let timer;
    const wait = (time) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (running?.xhr === xhr) running.stalled = true;
        xhr.abort();
      }, time);
    };
    wait(STALLED_MS);
    xhr.upload.addEventListener("progress", () => wait(STALLED_MS));
    xhr.upload.addEventListener("load", () => wait(ANSWER_MS));
    xhr.addEventListener("loadend", () => clearTimeout(timer));
  }

  // Presses before the script came that shows their response: repeated once it is there, the first and the last.
  let early = [];
  let isPlain = false;
  function pressAgain(form) {
    const buttons = early;
    early = [];
    portal.stayed();
    for (const button of buttons) {
      if (button) button.click();
      else form.requestSubmit();
    }
  }
  async function pressLater(form, button) {
    early = [...early.slice(0, 1), button];
    if (button) portal.busy(button);
    if (early.length > 1) return;
    try {
      await portal.later();
    } catch {
      // Offline the notice says so, and the next press tries again. Otherwise the script is gone (the portal was updated)
      // or stuck: the form is sent as without scripts.
      if (!navigator.onLine) {
        early = [];
        return portal.stayed();
      }
      isPlain = portal.leaving = true;
    }
    pressAgain(form);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form !== course.form()) return;
    if (isPlain) {
      event.stopPropagation(); // before htmx takes it
    } else if (!portal.hasLater()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      pressLater(form, event.submitter);
    } else if (running) {
      event.preventDefault();
      event.stopImmediatePropagation();
      queued = { id: event.submitter?.id, press: pressOf(event.submitter) };
      if (event.submitter) portal.busy(event.submitter);
    } else {
      portal.abort("#editor"); // polling must not delay the save
    }
  }, { capture: true });

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt === course.form()) detail.timeout = 0;
  });
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig, xhr } }) => {
    if (elt !== course.form()) return;
    running = { xhr, press: pressOf(requestConfig.triggeringEvent?.submitter) };
    portal.morphed = false;
    Object.assign(course.state(elt), { sent: course.values(elt), sentFile: course.file(elt) });
    giveUpWhenStalled(running);
    elt.setAttribute("aria-busy", "true");
    show(elt);
  });

  // After a morph htmx still has to process the new attributes; only then may the next press be sent.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.xhr === running?.xhr && !portal.morphed) finish(detail);
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.xhr && detail.xhr === running?.xhr) finish(detail);
  });

  function finish({ xhr }) {
    const form = course.form();
    const known = course.state(form);
    const { canceled, press, stalled } = running;
    const saved = xhr.status >= 200 && xhr.status < 300;
    const asSent = course.file(form) === known.sentFile && JSON.stringify(known.sent) === JSON.stringify(course.values(form));
    running = null;
    form.removeAttribute("aria-busy");
    if (saved && known.sentFile && course.file(form) === known.sentFile) form.querySelector("input[type=file]").value = "";
    if (saved) lastSaved = new Date();
    known.sent = known.sentFile = null;
    show(form);
    if (canceled) portal.toast("told", (words) => words.canceled);
    if (stalled) portal.notice("unanswered");
    form.dispatchEvent(new CustomEvent("course:answered", { bubbles: true, detail: { saved, status: xhr.status } }));
    const nothingNew = saved ? !course.isDirty(form) : asSent;
    pressQueued(form, { press, nothingNew, status: xhr.status });
  }

  // The same press with the same text has its response already. A conflict needs a choice, which no earlier press can have
  // made; and a button that has done its work is gone: then the text typed since is saved.
  function pressQueued(form, { press, nothingNew, status }) {
    if (!queued) return;
    const wanted = queued;
    queued = null;
    portal.stayed();
    if (course.isConflict(form) || status === 401 || (nothingNew && wanted.press === press)) return;
    const pressed = wanted.id && document.getElementById(wanted.id);
    if (pressed?.form === form && pressOf(pressed) === wanted.press) pressed.click();
    else if (course.isDirty(form)) document.getElementById("save").click();
  }

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, ({ target }) => { if (target.form && target.form === course.form()) show(target.form); });
  }
  // Morphed for another reason than a save.
  document.addEventListener("htmx:afterSettle", ({ target }) => { if (target.id === "editor") show(course.form()); });

  portal.saving = {
    show,
    running: () => running,
    cancel: () => {
      queued = null;
      running.canceled = true;
      running.xhr.abort();
    },
  };

  const time = line()?.querySelector("time");
  if (time) lastSaved = new Date(time.dateTime);
  show(course.form());
})();
