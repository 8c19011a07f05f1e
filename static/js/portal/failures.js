// Failed requests. Only a save can be in doubt; background requests fail silently and are repeated; being offline or
// signed out is a state, shown until it is over.
(() => {
  "use strict";

  const POLL_AGAIN_MS = 5000;
  const asksByItself = (elt) => elt.matches("[data-poll], [data-look]");
  const saves = (elt, verb) => elt.matches("form") && verb !== "get";
  const presses = (elt) => elt.matches("button, a");
  const sentOffline = new WeakSet();

  function offline() {
    portal.notice("offline", {
      fill: (note) => document.querySelector("form[data-draft]") ?? note.querySelector("[data-kept]").remove(),
    });
  }
  function online() {
    portal.unnotice("offline");
    portal.all("[data-poll]").forEach((elt) => htmx.trigger(elt, "poll"));
  }
  addEventListener("offline", offline);
  addEventListener("online", online);
  addEventListener("pageshow", () => { if (!navigator.onLine) offline(); });

  document.addEventListener("htmx:beforeRequest", ({ detail: { xhr } }) => {
    if (!navigator.onLine) sentOffline.add(xhr);
  });

  function tell(words) {
    portal.forgetFailures();
    portal.toast("error", words);
  }

  function unanswered({ detail: { elt, requestConfig, xhr } }) {
    if (asksByItself(elt)) {
      if (elt.matches("[data-poll]")) setTimeout(() => htmx.trigger(elt, "poll"), POLL_AGAIN_MS);
    } else if (!navigator.onLine || sentOffline.has(xhr)) {
      offline();
    }
    if (saves(elt, requestConfig.verb) && !sentOffline.has(xhr)) portal.notice("unanswered");
    else if (presses(elt) && navigator.onLine) tell(({ network }) => network);
  }

  function refused({ detail: { elt, requestConfig, xhr } }) {
    if (xhr.status === 401) {
      portal.notice("signed-out", {
        fill: (note) => {
          const link = note.querySelector("a");
          link.href = xhr.getResponseHeader("X-Sign-In") ?? link.href;
          // Only this page holds the text of a row that is being edited.
          if (document.querySelector("form[data-row-form]")) link.target = "_blank";
        },
      });
    } else if (saves(elt, requestConfig.verb) || presses(elt)) {
      tell(({ tooLarge, refused, server }) => (xhr.status === 413 ? tooLarge : xhr.status < 500 ? refused : server));
    } else if (elt.matches("[data-poll]")) {
      setTimeout(() => htmx.trigger(elt, "poll"), POLL_AGAIN_MS);
    }
  }

  document.addEventListener("htmx:sendError", unanswered);
  document.addEventListener("htmx:timeout", unanswered);
  document.addEventListener("htmx:responseError", refused);

  // Any response means that the connection and the session are back.
  const AS_EXPECTED = new Set([409, 422]);
  document.addEventListener("htmx:afterRequest", ({ detail: { elt, requestConfig, xhr } }) => {
    if (!xhr.status || (xhr.status >= 400 && !AS_EXPECTED.has(xhr.status))) return;
    portal.unnotice("signed-out");
    portal.unnotice("offline");
    portal.forgetFailures();
    if (saves(elt, requestConfig.verb) || !document.querySelector("form[data-draft]")) portal.unnotice("unanswered");
  });

  // Signing in, also in another tab, makes a new token; the cookie's is the valid one. The author is sent along, so that
  // another user who has signed in here since does not save it.
  document.addEventListener("htmx:configRequest", ({ detail: { headers, parameters, verb } }) => {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    headers["X-Written-By"] = document.body.dataset.person ?? "";
    if (!token || verb === "get") return;
    headers["X-CSRFToken"] = token;
    if (parameters.csrfmiddlewaretoken) parameters.csrfmiddlewaretoken = token;
  });
})();
