import { describe, expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.ts";

const MIB = 1024 * 1024;

/** Work that goes on until it is told to end. */
function held(budget: ByteBudget, mib: number) {
  let end = (): void => {};
  const work = { begun: false, waited: false, end: () => end(), done: Promise.resolve() };
  work.done = budget.within(mib * MIB, async (waited) => {
    work.begun = true;
    work.waited = waited;
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  return work;
}

describe("a byte budget", () => {
  it("never lets more in than it has, and lets the next in as soon as there is room", async () => {
    const budget = new ByteBudget(250 * MIB);
    const all = Array.from({ length: 6 }, () => held(budget, 100));
    for (let ended = 0; ended < all.length; ended++) {
      await new Promise(setImmediate);
      expect(all.map(({ begun }) => begun)).toEqual(all.map((_, i) => i < ended + 2));
      expect(budget.used).toBeLessThanOrEqual(250 * MIB);
      all[ended]!.end();
      await all[ended]!.done;
    }
    expect(all.map(({ waited }) => waited)).toEqual([false, false, true, true, true, true]);
    expect([budget.used, budget.ahead(100 * MIB)]).toEqual([0, 0]);
  });

  it("lets what is larger than all of it in alone, and nobody past it meanwhile", async () => {
    const budget = new ByteBudget(250 * MIB);
    const small = held(budget, 50);
    const giant = held(budget, 1000);
    const later = held(budget, 50);
    expect([small.begun, giant.begun, later.begun]).toEqual([true, false, false]);
    expect([budget.ahead(50 * MIB), budget.ahead(MIB)]).toEqual([2, 0]);
    small.end();
    await small.done;
    await new Promise(setImmediate);
    expect([giant.begun, later.begun]).toEqual([true, false]);
    giant.end();
    await giant.done;
    await new Promise(setImmediate);
    expect(later.begun).toBe(true);
    later.end();
    await later.done;
    expect(budget.used).toBe(0);
  });

  it("lets small ones by, however full it is", async () => {
    const budget = new ByteBudget(10 * MIB);
    const large = held(budget, 10);
    expect(await budget.within(MIB, async (waited) => waited)).toBe(false);
    large.end();
    await large.done;
  });

  it("has its room back after work that failed", async () => {
    const budget = new ByteBudget(10 * MIB);
    const failing = budget.within(8 * MIB, () => Promise.reject(new Error("no")));
    const next = budget.within(8 * MIB, async () => "done");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("done");
    expect(budget.used).toBe(0);
  });
});
