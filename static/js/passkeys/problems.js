// allauth's scripts report errors in an event; this shows them in the page.
(() => {
  "use strict";

  const reasons = {
    NotAllowedError: "canceled",
    AbortError: "canceled",
    InvalidStateError: "known",
    SecurityError: "address",
  };
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const problem = document.querySelector("[data-passkey-problem]");
    problem.textContent = problem.dataset[reasons[event.detail.exception?.name] ?? "failed"];
    problem.hidden = false;
  });
})();
