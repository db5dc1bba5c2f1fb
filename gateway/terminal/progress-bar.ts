const WIDTH = 28;

/**
 * Shows how far a long job is, on stderr: a bar that redraws itself on a terminal, elsewhere a line at each quarter.
 */
export class ProgressBar {
  private readonly out: NodeJS.WriteStream;
  private readonly shown = new Set<string>();
  private open = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.out = out;
  }

  update(label: string, done: number, total: number): void {
    const part = total === 0 ? 1 : done / total;
    if (this.out.isTTY) {
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

  /** Leaves the bar standing and goes to the next line. */
  end(): void {
    if (this.open) this.out.write("\n");
    this.open = false;
  }
}
