import { element, icon } from "./element.ts";
import { onLanguageChange, say } from "./language.ts";
import { texts } from "./texts.ts";

/**
 * The place to choose or drop files. The file input itself takes the focus and the keyboard; it lies over the whole
 * zone, so that touch, click and drop reach it without a line of script.
 */
export function dropZone(onFiles: (files: readonly File[]) => void): HTMLElement {
  const button = element("span", { class: "button" });
  const hint = element("span", { class: "hint" });
  const formats = element("span", { class: "formats", id: "formats" });
  const input = element("input", {
    type: "file",
    id: "file",
    multiple: true,
    accept: ".pdf,.xml,.p7m,.p7s,application/pdf,text/xml,application/xml,application/pkcs7-mime",
    "aria-describedby": "formats privacy",
  });
  const zone = element(
    "div",
    { class: "drop-zone" },
    icon("file"),
    element("label", { for: "file" }, button, hint),
    formats,
    input,
  );

  const take = (list: FileList | null | undefined): void => {
    const files = [...(list ?? [])];
    if (files.length > 0) onFiles(files);
  };
  input.addEventListener("change", () => {
    take(input.files);
    // The same file chosen again, say after it was repaired, must count as a change.
    input.value = "";
  });

  let depth = 0;
  const hover = (on: boolean): void => void zone.classList.toggle("hovered", on);
  document.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth++;
    hover(true);
  });
  document.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    hover(depth > 0);
  });
  // A file dropped beside the zone would make the browser leave the page and open it.
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    hover(false);
    take(event.dataTransfer?.files);
  });

  const render = (): void => {
    button.textContent = say(texts.choose);
    hint.textContent = say(texts.drop);
    formats.textContent = say(texts.formats);
  };
  render();
  onLanguageChange(render);
  return zone;
}
