import type { Bilingual } from "@hocba/signatures";

export type Language = keyof Bilingual;

const storageKey = "hocba.language";
let current: Language = remembered();
const listeners = new Set<() => void>();

/** Vietnamese unless the reader chose English here before. */
function remembered(): Language {
  try {
    return localStorage.getItem(storageKey) === "en" ? "en" : "vi";
  } catch {
    // Storage may be forbidden (private windows); the page works without a memory.
    return "vi";
  }
}

export function language(): Language {
  return current;
}

/** Switches the whole page, and remembers the choice where the browser lets it. */
export function setLanguage(next: Language): void {
  current = next;
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // See remembered().
  }
  for (const listener of listeners) listener();
}

export function onLanguageChange(listener: () => void): void {
  listeners.add(listener);
}

/** The text in the reader's language. */
export function say(text: Bilingual): string {
  return text[current];
}
