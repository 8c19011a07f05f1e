// The store of drafts: one for each person, course and opened page, so that two tabs never write over each other's.
// A draft holds the fields that were changed: {at, fields: {name: {text, base, version}}}.
(() => {
  "use strict";

  // Somebody else's drafts are never shown, counted or thrown away.
  const MINE = `draft:${document.body.dataset.person}:`;

  // A full or forbidden store must not break the page: drafts are a courtesy.
  function store(action) {
    try {
      return action(localStorage, sessionStorage);
    } catch {
      return null;
    }
  }
  function read(key) {
    try {
      const draft = JSON.parse(localStorage.getItem(key));
      return draft?.fields && draft.at ? { ...draft, key } : null;
    } catch {
      return null;
    }
  }
  const keys = (prefix) => store((local) => Object.keys(local).filter((key) => key.startsWith(prefix))) ?? [];

  portal.drafts = {
    key: (scope, page) => `${MINE}${scope}:${page}`,
    read,
    of: (scope) =>
      keys(`${MINE}${scope}:`)
        .map(read)
        .filter(Boolean)
        .sort((one, other) => other.at.localeCompare(one.at)),
    any: () => keys(MINE).some((key) => read(key)),
    write: (key, fields) => {
      const draft = JSON.stringify({ at: new Date().toISOString(), fields });
      return store((local) => local.setItem(key, draft) ?? true) === true;
    },
    forget: (key) => store((local) => local.removeItem(key)),
    // Which one its writer is about to come back for, having signed in.
    want: (key) => store((_, session) => session.setItem("draft-wanted", key)),
    wanted: () =>
      store((_, session) => {
        const key = session.getItem("draft-wanted");
        session.removeItem("draft-wanted");
        return key;
      }),
    forgetAll: () => keys(MINE).forEach(portal.drafts.forget),
  };
})();
