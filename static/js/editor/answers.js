// An answer is morphed into the page: the fields stay the elements they were, with cursor, focus, undo and a chosen
// picture. What was typed after the press stays as it was typed.
(() => {
  "use strict";

  const { course } = portal;
  let status = 0;
  let morphs = 0;
  const askedAt = new WeakMap();
  portal.morphed = false;

  // In the field that has the focus something was typed since the press.
  portal.isTyping = () => {
    const form = course.form();
    const { sent } = course.state(form);
    const field = document.activeElement;
    return Boolean(sent && field?.form === form && field.name in sent && sent[field.name] !== course.values(form)[field.name]);
  };

  const typedSince = (sent, now, fresh) =>
    Object.keys(now).filter((name) => name in fresh && now[name] !== sent[name]);

  // Saved, or looked at again: the page's version is another one. A field that was not sent as changed, was changed
  // elsewhere and has been typed into since still stems from the version before.
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
      if (known.sent && sent[name] !== known.base[name]) continue; // it was saved with this press
      older[unit] = known.older[unit] ?? { version: known.version, base: { ...known.base } };
    }
    Object.assign(known, { base: texts, version: course.versionOf(fresh), older, scope: fresh.dataset.draft });
  }

  function afterRefusal(form, fresh) {
    const known = course.state(form);
    const now = course.values(form);
    for (const name of typedSince(known.sent ?? {}, now, course.values(fresh))) course.put(fresh, name, now[name]);
  }

  // The conflict page has the changed fields hidden: what was typed since takes their place, or comes along.
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
    // What somebody opened or made larger stays so.
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
    // What saving would have done, asked before it was done, is no news any more.
    if (detail.target.id === "plan" && askedAt.get(detail.xhr) !== morphs) detail.shouldSwap = false;
  });

  // What saving would do, and how a price is read, cannot be said without an answer: no older words stay beside a newer price.
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
