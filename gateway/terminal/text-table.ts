const segmenter = new Intl.Segmenter("vi", { granularity: "grapheme" });

/** Columns a terminal needs for the text: one a grapheme, so that composed and decomposed Vietnamese count alike. */
export const textWidth = (text: string): number => [...segmenter.segment(text)].length;

/** Rows as aligned text with a ruled heading. */
export function textTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, i) => Math.max(...[title, ...rows.map((row) => row[i] ?? "")].map(textWidth)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell + " ".repeat(widths[i]! - textWidth(cell)))
      .join("  ")
      .trimEnd();
  return [line(heading), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
