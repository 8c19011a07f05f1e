// The course's picture: taken by choosing, dropping or pasting; never lost silently.
(() => {
  "use strict";

  const { course } = portal;
  const SHOW_AFTER_MS = 300;

  const input = () => course.form()?.querySelector("input[type=file]") ?? null;
  const card = () => input()?.closest("fieldset, .panel") ?? null;
  // Without it the server validates the picture alone.
  const isLoaded = () => portal.later().then(() => true, () => false);

  function choose(files) {
    const [file] = [...files].filter((one) => one.type.startsWith("image/") || one.name);
    if (!file) return;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input().files = transfer.files;
    input().dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("change", async ({ target }) => {
    if (target !== input() || !(await isLoaded())) return;
    await portal.picture.check();
    await portal.picture.preview();
  });

  // A file dropped beside the card must not replace the page and lose what was typed.
  const carriesFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      const over = Boolean(card()?.contains(event.target));
      card()?.classList.toggle("is-dropped-on", over && kind === "dragover");
      if (kind === "drop" && over) choose(event.dataTransfer.files);
    });
  }
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!card()?.contains(relatedTarget)) card()?.classList.remove("is-dropped-on");
  });
  document.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    if (!input() || !files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    choose(files);
  });

  // During the upload: progress, and cancelling as long as nothing can have been saved.
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
    if (elt !== course.form() || !course.file(elt)) return;
    let note = null;
    const soon = setTimeout(() => {
      note = portal.notice("upload");
      note.querySelector("button").addEventListener("click", portal.saving.cancel);
    }, SHOW_AFTER_MS);
    xhr.upload.addEventListener("progress", ({ lengthComputable, loaded, total }) => {
      if (note && lengthComputable) note.querySelector("progress").value = loaded / total;
    });
    xhr.upload.addEventListener("load", () => note?.querySelector("button").remove());
    xhr.addEventListener("loadend", () => {
      clearTimeout(soon);
      portal.unnotice("upload");
    });
  });

  portal.cover = { card, input };
  // Browsers keep a choice across a reload.
  if (input()?.files.length) isLoaded().then((loaded) => loaded && portal.picture.preview());
})();
