import { CheckedFile } from "./checked-file.ts";
import { dropZone } from "./drop-zone.ts";
import { element, icon } from "./element.ts";
import { type Language, language, onLanguageChange, say, setLanguage } from "./language.ts";
import { tones } from "./signature-view.ts";
import { texts, verdictWords } from "./texts.ts";

/** Files in work at once: two keep line and server busy without crowding out other readers. */
const parallel = 2;

/** Builds the page into `root` and keeps it: header, drop zone, results, help. */
export function portal(root: HTMLElement): void {
  const files: CheckedFile[] = [];
  const queue: CheckedFile[] = [];
  let running = 0;

  const status = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const announce = (text: string): void => {
    status.textContent = text;
  };
  const results = element("section", { class: "results", "aria-labelledby": "results-title", hidden: true });
  const list = element("div", { class: "files" });

  async function work(): Promise<void> {
    if (running >= parallel) return;
    running++;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await next.check();
      if (files.length > 1) next.fold();
      renderHead();
    }
    running--;
  }
  function enqueue(file: CheckedFile): void {
    queue.push(file);
    void work();
  }
  function add(chosen: readonly File[]): void {
    const added = chosen.map((file) => new CheckedFile(file, { announce, retry: enqueue }));
    if (files.length === 1) files[0]?.fold();
    files.unshift(...added);
    list.prepend(...added.map((file) => file.view));
    results.hidden = false;
    renderHead();
    for (const file of added) enqueue(file);
    added[0]?.view.scrollIntoView({ block: "nearest" });
  }

  const head = element("div", { class: "results-head" });
  function renderHead(): void {
    const counts = new Map<keyof typeof tones, number>();
    for (const { outcome } of files) {
      if (outcome?.ok !== true) continue;
      counts.set(outcome.verdict.indication, (counts.get(outcome.verdict.indication) ?? 0) + 1);
    }
    const tally = (Object.keys(tones) as (keyof typeof tones)[])
      .filter((indication) => files.length > 1 && counts.has(indication))
      .map((indication) =>
        element(
          "li",
          { class: `badge ${tones[indication]}` },
          icon(tones[indication]),
          `${counts.get(indication)} ${say(verdictWords[indication].word).toLocaleLowerCase(language())}`,
        ),
      );
    head.replaceChildren(
      element("h2", { id: "results-title" }, say(texts.results)),
      ...(tally.length === 0 ? [] : [element("ul", { class: "tally" }, ...tally)]),
      element(
        "div",
        { class: "actions" },
        element("button", { type: "button", class: "quiet", onclick: () => window.print() }, say(texts.print)),
        element("button", { type: "button", class: "quiet", onclick: clear }, say(texts.clear)),
      ),
    );
  }
  function clear(): void {
    files.length = 0;
    queue.length = 0;
    list.replaceChildren();
    results.hidden = true;
    document.getElementById("file")?.focus();
  }
  results.append(head, list);

  const header = element("header", { class: "top" });
  const intro = element("div", { class: "intro" });
  const privacy = element("p", { class: "privacy", id: "privacy" });
  const help = element("section", { class: "help" });
  const footer = element("footer", {});
  const skip = element("a", { class: "skip", href: "#file" });
  function renderFrame(): void {
    document.documentElement.lang = language();
    document.title = say(texts.title);
    skip.textContent = say(texts.skip);
    header.replaceChildren(brand(), languageSwitch());
    intro.replaceChildren(element("h1", {}, say(texts.title)), element("p", {}, say(texts.lead)));
    privacy.textContent = say(texts.privacy);
    help.replaceChildren(helpView());
    footer.replaceChildren(element("a", { href: "/openapi.json" }, say(texts.api)));
  }
  renderFrame();
  onLanguageChange(() => {
    renderFrame();
    renderHead();
    for (const file of files) file.render();
    document.querySelector<HTMLElement>(".languages [aria-pressed='true']")?.focus();
  });

  unfoldForPrint();
  root.append(skip, header, element("main", {}, intro, dropZone(add), privacy, results, help), footer, status);
}

function brand(): HTMLElement {
  return element(
    "p",
    { class: "brand" },
    element("img", { src: "/icon.svg", alt: "", width: 28, height: 28 }),
    "Học bạ số",
  );
}

function languageSwitch(): HTMLElement {
  const choices: readonly (readonly [Language, string])[] = [
    ["vi", "Tiếng Việt"],
    ["en", "English"],
  ];
  return element(
    "div",
    { class: "languages", role: "group", "aria-label": say(texts.languageGroup) },
    ...choices.map(([code, name]) =>
      element(
        "button",
        { type: "button", lang: code, "aria-pressed": String(language() === code), onclick: () => setLanguage(code) },
        name,
      ),
    ),
  );
}

function helpView(): HTMLElement {
  const rows = (Object.keys(tones) as (keyof typeof tones)[]).map((indication) =>
    element(
      "li",
      {},
      element(
        "span",
        { class: `badge ${tones[indication]}` },
        icon(tones[indication]),
        say(verdictWords[indication].word),
      ),
      element("span", {}, say(verdictWords[indication].advice)),
    ),
  );
  return element("details", {}, element("summary", {}, say(texts.helpTitle)), element("ul", {}, ...rows));
}

/** On paper nothing can be unfolded. Technical details of each signature are printed only where the reader opened them. */
function unfoldForPrint(): void {
  const opened = new Set<HTMLDetailsElement>();
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>(
      ".results details:not([open], .signature .technical)",
    )) {
      details.open = true;
      opened.add(details);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened.clear();
  });
}
