import { element, icon } from "./element.ts";
import { say } from "./language.ts";
import { fileSize } from "./names-and-times.ts";
import { tones } from "./signature-view.ts";
import { subjectNames } from "./subject-names.ts";
import { texts, verdictWords } from "./texts.ts";
import { verdictView } from "./verdict-view.ts";
import { type Outcome, verify } from "./verification-client.ts";

type State =
  | { readonly step: "waiting" }
  | { readonly step: "sending"; readonly share: number }
  | { readonly step: "busy"; readonly seconds: number }
  | { readonly step: "done"; readonly outcome: Outcome };

/** How often a busy server is asked again before the reader has to. */
const mostRetries = 5;

/** One file on its way to a verdict, and its place on the page. */
export class CheckedFile {
  readonly file: File;
  readonly view = element("article", { class: "file" });
  readonly #announce: (text: string) => void;
  readonly #retry: (file: CheckedFile) => void;
  #state: State = { step: "waiting" };
  #open = true;
  #subjects: ReadonlyMap<string, string> = new Map();

  constructor(file: File, hooks: { announce: (text: string) => void; retry: (file: CheckedFile) => void }) {
    this.file = file;
    this.#announce = hooks.announce;
    this.#retry = hooks.retry;
    this.render();
  }

  get outcome(): Outcome | null {
    return this.#state.step === "done" ? this.#state.outcome : null;
  }

  /** Among many files only those that need a decision stand open. */
  fold(): void {
    this.#open = !(this.outcome?.ok === true && this.outcome.verdict.indication === "TOTAL-PASSED");
    this.render();
  }

  /** Sends the file until there is a verdict or a final failure. A busy server is asked again after the time it names. */
  async check(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      this.#set({ step: "sending", share: 0 });
      const outcome = await verify(this.file, (share) => this.#set({ step: "sending", share }));
      if (outcome.ok && outcome.verdict.format === "xml") this.#subjects = await subjectNames(this.file);
      if (outcome.ok || outcome.failure.retryAfter === null || attempt >= mostRetries) {
        this.#set({ step: "done", outcome });
        break;
      }
      for (let seconds = outcome.failure.retryAfter; seconds > 0; seconds--) {
        this.#set({ step: "busy", seconds });
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    const { outcome } = this;
    if (outcome === null) return;
    this.#announce(
      outcome.ok
        ? `${say(texts.notices.checked)}${this.file.name}. ${say(outcome.verdict.sentence)}`
        : `${say(texts.notices.failed)}${this.file.name}. ${say(outcome.failure.title)}`,
    );
  }

  #set(state: State): void {
    const before = this.#state;
    this.#state = state;
    // While bytes go out only the bar moves: rebuilding the card would make screen readers start over.
    if (before.step === "sending" && state.step === "sending" && state.share < 1) {
      const bar = this.view.querySelector("progress");
      if (bar !== null) bar.value = state.share;
      return;
    }
    this.render();
  }

  render(): void {
    const heading = element("h2", { class: "file-name" }, icon("file"), element("span", {}, this.file.name));
    const size = element("span", { class: "file-size" }, fileSize(this.file.size));
    const state = this.#state;
    this.view.setAttribute("aria-busy", String(state.step !== "done"));
    if (state.step !== "done") {
      this.view.replaceChildren(element("header", {}, heading, size), this.#progress(state));
      return;
    }
    if (!state.outcome.ok) {
      const { title, whatToDo, final } = state.outcome.failure;
      this.view.replaceChildren(
        element("header", {}, heading, size),
        element(
          "div",
          { class: "verdict trouble" },
          element("span", { class: "verdict-icon" }, icon("warning")),
          element(
            "div",
            {},
            element("p", { class: "verdict-word" }, say(title)),
            element("p", { class: "sentence" }, say(whatToDo)),
            final
              ? null
              : element(
                  "button",
                  { type: "button", class: "quiet", onclick: () => this.#retry(this) },
                  say(texts.retry),
                ),
          ),
        ),
      );
      return;
    }
    const { verdict } = state.outcome;
    if (this.#open) {
      this.view.replaceChildren(element("header", {}, heading, size), ...verdictView(verdict, this.#subjects));
      return;
    }
    const tone = tones[verdict.indication];
    const badge = element("span", { class: `badge ${tone}` }, icon(tone), say(verdictWords[verdict.indication].word));
    this.view.replaceChildren(
      element(
        "details",
        { class: "folded" },
        element("summary", {}, icon("unfold"), heading, badge),
        ...verdictView(verdict, this.#subjects),
      ),
    );
  }

  #progress(state: Exclude<State, { step: "done" }>): HTMLElement {
    if (state.step === "waiting") return element("p", { class: "progress" }, `${say(texts.waiting)}…`);
    if (state.step === "busy") {
      return element("p", { class: "progress" }, say(texts.waitBusy).replace("{seconds}", String(state.seconds)));
    }
    const words = state.share < 1 ? say(texts.sending) : say(texts.working);
    const bar = element("progress", { max: 1, value: state.share < 1 ? state.share : null, "aria-label": words });
    return element("div", { class: "progress" }, element("p", {}, `${words}…`), bar);
  }
}
