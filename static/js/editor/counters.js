// Counts the characters typed into a field; announced when the limit is near.
(() => {
  "use strict";

  const NEARLY = 0.9;
  const PAUSE_MS = 1000;
  const waiting = new WeakMap();

  // As the server counts: NFC, one kind of line end; in single lines, whitespace is collapsed.
  function length(field) {
    const text = field.value.normalize("NFC");
    const isProse = field.name === "description";
    return [...(isProse ? text.trimEnd() : text.trim().replace(/\s+/g, " "))].length;
  }

  function fill(words, n, limit) {
    return words.replace("{n}", n.toLocaleString()).replace("{limit}", limit.toLocaleString());
  }

  function count(counter) {
    const field = document.getElementById(counter.dataset.counts);
    if (!field) return;
    const limit = Number(counter.dataset.limit);
    const written = length(field);
    counter.firstElementChild.textContent = fill(counter.dataset.count, written, limit);
    counter.classList.toggle("counter-over", written > limit);
    clearTimeout(waiting.get(counter));
    const aloud = counter.lastElementChild;
    if (written < limit * NEARLY) aloud.textContent = "";
    else waiting.set(counter, setTimeout(() => say(aloud, counter, written, limit), PAUSE_MS));
  }

  function say(aloud, { dataset }, written, limit) {
    aloud.textContent = fill(written > limit ? dataset.over : dataset.left, Math.abs(limit - written), limit);
  }

  function countAll() {
    document.querySelectorAll(".counter").forEach(count);
  }

  document.addEventListener("input", ({ target }) => {
    const counter = target.id && document.querySelector(`.counter[data-counts="${target.id}"]`);
    if (counter) count(counter);
  });
  document.addEventListener("htmx:afterSettle", countAll);
  countAll();
})();
