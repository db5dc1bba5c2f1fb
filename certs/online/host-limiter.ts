import { failed } from "./fetch-guarded.ts";

/**
 * Bounds how much is asked of one host at once and in all; the rest waits in line, first come first served per host. A
 * line that is full refuses at once, so that a slow responder costs answers, never memory.
 */
export class HostLimiter {
  private readonly perHost: number;
  private readonly total: number;
  private readonly maxWaiting: number;
  private readonly running = new Map<string, number>();
  private readonly waiting: { host: string; start: () => void }[] = [];
  private active = 0;

  constructor(options: { perHost: number; total: number; maxWaiting: number }) {
    this.perHost = options.perHost;
    this.total = options.total;
    this.maxWaiting = options.maxWaiting;
  }

  /** @throws CertsError FETCH_FAILED, retryable, `details.reason` "busy" */
  async run<T>(host: string, work: () => Promise<T>): Promise<T> {
    if (!this.mayStart(host)) {
      if (this.waiting.length >= this.maxWaiting) throw failed("busy", "too many fetches are waiting", true);
      await new Promise<void>((start) => this.waiting.push({ host, start }));
    } else this.enter(host);
    try {
      return await work();
    } finally {
      this.leave(host);
    }
  }

  private mayStart(host: string): boolean {
    return this.active < this.total && (this.running.get(host) ?? 0) < this.perHost;
  }

  private enter(host: string): void {
    this.active++;
    this.running.set(host, (this.running.get(host) ?? 0) + 1);
  }

  private leave(host: string): void {
    this.active--;
    const left = this.running.get(host)! - 1;
    if (left > 0) this.running.set(host, left);
    else this.running.delete(host);
    const next = this.waiting.findIndex((w) => this.mayStart(w.host));
    if (next < 0) return;
    const [waiter] = this.waiting.splice(next, 1);
    // Entered on its behalf: between here and its turn nobody else may take the place.
    this.enter(waiter!.host);
    waiter!.start();
  }
}
