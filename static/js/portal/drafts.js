// The store of drafts: one per user, course and page, so that two tabs do not overwrite each other's.
// A draft holds the changed fields: {at, fields: {name: {text, base, version}}}.
(() => {
  "use strict";

  // Other users' drafts are never shown, counted or discarded.
  const MINE = `draft:${document.body.dataset.person}:`;

  // A full or disabled store must not break the page: drafts are a convenience.
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
    // The draft whose author is signing in to come back to it.
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
