const WIDTH = 28;
/** A bar is drawn so often at most; every character costs a terminal far away. */
const REDRAW_MS = 100;

export type ProgressOutput = Pick<NodeJS.WriteStream, "isTTY" | "write">;

/**
 * Shows how far a long job is, on stderr: a bar that redraws itself on a terminal, elsewhere a line at each quarter.
 */
export class ProgressBar {
  private readonly out: ProgressOutput;
  private readonly now: () => number;
  private readonly shown = new Set<string>();
  private open = false;
  private drawn: { label: string; at: number } | null = null;

  constructor(out: ProgressOutput = process.stderr, now: () => number = () => performance.now()) {
    this.out = out;
    this.now = now;
  }

  update(label: string, done: number, total: number): void {
    const part = total === 0 ? 1 : done / total;
    if (this.out.isTTY) {
      const at = this.now();
      if (done < total && this.drawn?.label === label && at - this.drawn.at < REDRAW_MS) return;
      this.drawn = { label, at };
      const filled = Math.round(part * WIDTH);
      const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
      this.out.write(`\r\x1b[2K${label.padEnd(34)} ${bar} ${done}/${total}`);
      this.open = true;
      if (done >= total) this.end();
      return;
    }
    const quarter = `${label} ${Math.floor(part * 4)}`;
    if (this.shown.has(quarter)) return;
    this.shown.add(quarter);
    this.out.write(`${label}: ${done}/${total}\n`);
  }

  /** Takes the bar away, so that other output can be written in its place; the next update draws it again. */
  clear(): void {
    if (this.open) this.out.write("\r\x1b[2K");
    this.open = false;
    this.drawn = null;
  }

  /** Leaves the bar standing and goes to the next line. */
  end(): void {
    if (this.open) this.out.write("\n");
    this.open = false;
  }
}
