// A chosen picture is validated and previewed before it is sent. Sent with what only editing needs: without it, the
// server validates the picture alone.
(() => {
  "use strict";

  const { course } = portal;
  const MOST_BYTES = 5 * 1024 * 1024;
  const WIDTH = 640;

  const { card, input } = portal.cover;
  const words = () => document.getElementById("cover-words").content.firstElementChild.dataset;

  // The first bytes identify the file type; its name does not.
  async function isPicture(file) {
    const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
    const text = String.fromCharCode(...bytes);
    return text.startsWith("\x89PNG\r\n\x1a\n") || text.startsWith("\xff\xd8\xff") || /^RIFF.{4}WEBP$/s.test(text);
  }

  let complaint = "";
  function complain(text) {
    complaint = text;
    const field = input();
    const message = document.getElementById(`${field.id}_error`);
    message?.replaceChildren(...(text ? [Object.assign(document.createElement("p"), { textContent: text })] : []));
    field.classList.toggle("is-invalid", Boolean(text));
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  async function check() {
    const file = course.file(course.form());
    if (!file) return complain("");
    const { tooLarge, wrongKind } = words();
    // Rounded up: "5.0 MB; the most is 5 MB" would be confusing.
    const megabytes = (Math.ceil((10 * file.size) / (1024 * 1024)) / 10).toFixed(1);
    const wrong = file.size > MOST_BYTES ? tooLarge : (await isPicture(file)) ? "" : wrongKind;
    if (course.file(course.form()) !== file) return;
    complain(wrong.replace("{name}", file.name).replace("{size}", megabytes));
    if (wrong) {
      input().value = "";
      portal.announce(complaint);
    }
    portal.saving.show(course.form());
  }

  // Browsers show a JPEG without an end marker, but draw it to a canvas only with one.
  const END_OF_JPEG = new Uint8Array([0xff, 0xd9]);
  const decode = (file) =>
    createImageBitmap(file).catch(() => createImageBitmap(new Blob([file, END_OF_JPEG]))).catch(() => null);

  // Drawn, not linked: the content security policy allows no blob URLs.
  async function preview() {
    const field = input();
    if (!field) return;
    const file = field.files[0];
    const shown = card().querySelector("canvas.cover");
    const present = card().querySelector(".cover:not(canvas)");
    if (!file) {
      shown?.remove();
      if (present) present.hidden = false;
      return;
    }
    const picture = await decode(file);
    if (!picture || input()?.files[0] !== file) return;
    const canvas = shown ?? Object.assign(document.createElement("canvas"), { className: "cover" });
    canvas.width = Math.min(WIDTH, picture.width);
    canvas.height = Math.round((picture.height * canvas.width) / picture.width);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words().preview.replace("{name}", file.name));
    if (present) present.hidden = true;
    if (!canvas.isConnected) (present ?? field).before(canvas);
    portal.all("[data-choose-again]").forEach((note) => note.remove());
  }

  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target.id !== "editor") return;
    if (complaint && input()) complain(complaint); // the rest was saved, but this picture was rejected
    preview();
  });

  portal.picture = { check, preview };
})();
