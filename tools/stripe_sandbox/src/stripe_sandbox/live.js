// Follows the log of calls: new ones come in at the top, those that were answered meanwhile change where they stand.
// What did not change is left alone, and so keeps its focus and what was unfolded in it.
(() => {
  const PAUSE = 2000;
  const state = document.getElementById("following");

  const written = (row) => {
    const copy = row.cloneNode(true);
    for (const one of copy.querySelectorAll("details")) one.open = false;
    return copy.outerHTML;
  };

  const take = (fresh) => {
    const log = document.getElementById("log");
    const newer = fresh.getElementById("log");
    const [rows, newRows] = [log, newer].map((one) => one.querySelector("tbody"));
    if (!rows || !newRows) {
      if (log.innerHTML !== newer.innerHTML) log.replaceWith(newer);
      return;
    }
    const wanted = [...newRows.children];
    const kept = new Set(wanted.map((row) => row.id));
    for (const row of [...rows.children]) if (!kept.has(row.id)) row.remove();
    const first = rows.firstElementChild;
    for (const row of wanted) {
      const old = document.getElementById(row.id);
      if (!old) rows.insertBefore(row, first);
      else if (written(old) !== written(row)) old.replaceWith(row);
    }
  };

  const turn = async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      state.textContent = "New calls come in by themselves.";
    } catch {
      state.textContent = "The sandbox does not answer.";
    }
    setTimeout(turn, PAUSE);
  };
  turn();
})();
