// The form's state: what was changed, and from which version. Fields that stem from an older version (a restored draft)
// carry that version with them, so that saving them is a merge like any other.
(() => {
  "use strict";

  const PRICE = new Set(["price", "currency", "billing_interval"]);
  const NO_TEXT = new Set(["hidden", "file", "submit", "button", "reset", "password"]);
  const states = new WeakMap();

  const form = () => document.querySelector("form[data-draft]");
  // Amount, currency and interval are one value, with one version.
  const unit = (name) => (PRICE.has(name) ? "price" : name);
  const isText = ({ name, type }) => name && !NO_TEXT.has(type) && name !== "confirm" && !name.startsWith("keep_");
  const isChosen = ({ type }) => type === "radio" || type === "checkbox";

  function values(root) {
    const found = {};
    for (const field of [...root.elements].filter(isText)) {
      if (!isChosen(field)) found[field.name] = field.value.replace(/\r\n/g, "\n");
      else if (field.checked) found[field.name] = field.value;
      else found[field.name] ??= "";
    }
    return found;
  }

  // Before a form is in the page its attributes count, afterwards its properties: set both.
  function put(root, name, text) {
    for (const field of [...root.elements].filter((one) => one.name === name && isText(one))) {
      if (isChosen(field)) field.checked = field.value === text;
      else if (!field.options || [...field.options].some(({ value }) => value === text)) {
        if (field.value !== text) field.value = text;
        if (field.localName === "input" && !field.isConnected) field.setAttribute("value", text);
      }
    }
  }

  const versionOf = (root) => root.elements.namedItem("version")?.value ?? "";
  const file = (root) => root.querySelector("input[type=file]")?.files[0] ?? null;

  function newState(root) {
    const older = {};
    for (const { name, value } of root.querySelectorAll("input[type=hidden][name^=version_]")) {
      older[name.replace("version_", "")] = { version: value, base: {} };
    }
    // The original values of a bound form are unknown here: everything counts as changed, and the server's merge decides.
    const base = root.hasAttribute("data-dirty") ? {} : values(root);
    return { page: Math.random().toString(36).slice(2), base, version: versionOf(root), older, scope: root.dataset.draft };
  }

  function state(root) {
    if (!states.has(root)) states.set(root, newState(root));
    return states.get(root);
  }

  function startAgain(root) {
    const { page, sent, sentFile } = state(root);
    states.set(root, { ...newState(root), page, sent, sentFile });
  }

  function changed(root) {
    const { base } = state(root);
    return Object.entries(values(root)).filter(([name, text]) => text !== base[name]).map(([name]) => name);
  }

  function draft(root) {
    const { base, older, version } = state(root);
    const now = values(root);
    const fields = changed(root).map((name) => {
      const from = older[unit(name)];
      return [name, { text: now[name], base: from?.base[name] ?? base[name] ?? null, version: from?.version ?? version }];
    });
    return Object.fromEntries(fields);
  }

  // Hidden fields that name older versions; a unit equal to the current version needs none.
  function carryVersions(root) {
    const { older } = state(root);
    const stillChanged = new Set(changed(root).map(unit));
    root.querySelectorAll("input[type=hidden][name^=version_]").forEach((input) => input.remove());
    for (const name of Object.keys(older)) {
      if (!stillChanged.has(name)) delete older[name];
      else root.append(Object.assign(document.createElement("input"), { type: "hidden", name: `version_${name}`, value: older[name].version }));
    }
  }

  function take(root, fields) {
    const known = state(root);
    for (const [name, { text, base, version }] of Object.entries(fields)) {
      if (known.scope === "new") root.elements.namedItem("version").value = known.version = version;
      else if (version !== known.version) {
        known.older[unit(name)] ??= { version, base: {} };
        known.older[unit(name)].base[name] = base;
      }
      put(root, name, text);
    }
    carryVersions(root);
  }

  portal.course = {
    form, values, put, file, state, startAgain, changed, draft, carryVersions, take, unit, versionOf,
    isConflict: (root) => root.hasAttribute("data-conflict"),
    isDirty: (root) => portal.course.isConflict(root) || file(root) !== null || changed(root).length > 0,
  };
  portal.unsaved = () => Boolean(form()) && portal.course.isDirty(form());
})();
