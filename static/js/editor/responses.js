// Morphs responses into the page: fields stay the same elements, with cursor, focus, undo and a chosen picture. Text
// typed after the press is kept.
(() => {
  "use strict";

  const { course } = portal;
  let status = 0;
  let morphs = 0;
  const askedAt = new WeakMap();
  portal.morphed = false;

  // Something was typed in the focused field since the press.
  portal.isTyping = () => {
    const form = course.form();
    const { sent } = course.state(form);
    const field = document.activeElement;
    return Boolean(sent && field?.form === form && field.name in sent && sent[field.name] !== course.values(form)[field.name]);
  };

  const typedSince = (sent, now, fresh) =>
    Object.keys(now).filter((name) => name in fresh && now[name] !== sent[name]);

  // The page has a new version (after a save or a reload). A field that was not sent as changed, was changed elsewhere,
  // and has been typed into since, still belongs to the version before.
  function afterSuccess(form, fresh) {
    const known = course.state(form);
    const now = course.values(form);
    const texts = course.values(fresh);
    const sent = known.sent ?? known.base;
    const older = {};
    for (const name of typedSince(sent, now, texts)) {
      course.put(fresh, name, now[name]);
      const unit = course.unit(name);
      if (texts[name] === known.base[name] || known.scope !== fresh.dataset.draft) continue;
      if (known.sent && sent[name] !== known.base[name]) continue; // saved with this press
      older[unit] = known.older[unit] ?? { version: known.version, base: { ...known.base } };
    }
    Object.assign(known, { base: texts, version: course.versionOf(fresh), older, scope: fresh.dataset.draft });
  }

  function afterRefusal(form, fresh) {
    const known = course.state(form);
    const now = course.values(form);
    for (const name of typedSince(known.sent ?? {}, now, course.values(fresh))) course.put(fresh, name, now[name]);
  }

  // The conflict page holds the changed fields in hidden inputs: text typed since replaces them or is added.
  function atConflict(form, fresh) {
    const known = course.state(form);
    const now = course.values(form);
    for (const name of Object.keys(now).filter((one) => now[one] !== (known.sent ?? {})[one])) {
      let field = fresh.elements.namedItem(name);
      if (!field) {
        field = Object.assign(document.createElement("textarea"), { name, hidden: true });
        const version = known.older[course.unit(name)]?.version ?? known.version;
        const carried = { type: "hidden", name: `version_${course.unit(name)}`, value: version };
        fresh.append(field, Object.assign(document.createElement("input"), carried));
      }
      field.value = now[name];
      if (field.localName === "input") field.setAttribute("value", now[name]);
      const shown = fresh.querySelector(`[data-yours="${name}"]`);
      if (shown) shown.textContent = now[name];
    }
  }

  function prepare(form, fresh) {
    if (course.isConflict(form)) return;
    if (course.isConflict(fresh)) atConflict(form, fresh);
    else if (status < 300) afterSuccess(form, fresh);
    else afterRefusal(form, fresh);
  }

  const callbacks = {
    // Elements that the user opened or resized stay so.
    beforeAttributeUpdated: (name, { localName }) =>
      !(name === "open" && localName === "details") && !(name === "style" && localName === "textarea"),
  };

  htmx.defineExtension("editor", {
    handleSwap(style, target, fragment) {
      if (style !== "morph") return false;
      const form = course.form();
      const fresh = fragment.querySelector("form[data-draft]");
      const wasConflict = course.isConflict(form);
      if (fresh) prepare(form, fresh);
      const nodes = Idiomorph.morph(target, fragment.querySelector("#editor"), { morphStyle: "outerHTML", callbacks });
      if (wasConflict && !course.isConflict(form)) course.startAgain(form);
      else if (!course.isConflict(form)) course.carryVersions(form);
      portal.morphed = true;
      morphs += 1;
      return nodes;
    },
  });

  document.addEventListener("htmx:beforeRequest", ({ detail: { xhr } }) => askedAt.set(xhr, morphs));
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "editor") status = detail.xhr.status;
    // A plan requested before the save is outdated. What was requested before this script came was so before any save.
    if (detail.target.id === "plan" && (askedAt.get(detail.xhr) ?? 0) !== morphs) detail.shouldSwap = false;
  });

  // Without a response, neither the plan nor the reading of a price is known: remove those of the former price.
  let unanswered = null;
  function forgetPlan({ detail: { elt, target } }) {
    if (target?.id !== "plan") return;
    unanswered = elt;
    portal.all("#plan, .button-line p, .form-note").forEach((line) => line.replaceChildren());
  }
  for (const failure of ["sendError", "timeout", "responseError"]) document.addEventListener(`htmx:${failure}`, forgetPlan);
  addEventListener("online", () => {
    if (unanswered?.isConnected) htmx.trigger(unanswered, "change");
    unanswered = null;
  });
})();
