// A row that is being edited survives searching, filtering and paging: its text is not lost without a question.
(() => {
  "use strict";

  const changed = ({ type, options, value, defaultValue }) =>
    options ? [...options].some((one) => one.selected !== one.defaultSelected) : type !== "hidden" && value !== defaultValue;
  const dirty = (form) => form.hasAttribute("data-dirty") || [...form.elements].some(changed);
  const open = (root = document) => portal.all("form[data-row-form]", root).filter(dirty);

  let kept = [];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "results" || !detail.shouldSwap) return;
    kept = open(detail.target).map((form) => form.closest("tr")).filter(Boolean);
    kept.forEach((row) => row.remove());
  });
  document.addEventListener("htmx:afterSwap", () => {
    kept.splice(0).forEach((row) => {
      const there = document.getElementById(row.id);
      if (there) there.replaceWith(row);
      else (document.querySelector("#results tbody") ?? table()).prepend(row);
    });
  });

  // Nothing matches the search: the open row gets a table of its own.
  function table() {
    const made = Object.assign(document.createElement("table"), { className: "prices" });
    document.getElementById("results").prepend(made);
    return made.createTBody();
  }

  let sending = false;
  addEventListener("submit", ({ target }) => { sending ||= target.matches("form[data-row-form]:not([hx-post])"); });
  addEventListener("pageshow", () => { sending = false; });
  addEventListener("beforeunload", (event) => {
    if (!sending && open().some((form) => form.closest("tr"))) event.preventDefault();
  });
})();
