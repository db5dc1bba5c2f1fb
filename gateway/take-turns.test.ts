import { setTimeout as delay } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { takeTurns } from "./take-turns.ts";

it("comes round after each rest, also after a failure, never twice at once", async () => {
  const failures: unknown[] = [];
  let running = 0;
  let count = 0;
  const turns = takeTurns(
    async () => {
      expect(++running).toBe(1);
      await delay(2);
      running--;
      if (++count === 2) throw new Error("the second");
      return 1;
    },
    (error) => {
      failures.push(error);
      return 1;
    },
  );
  await vi.waitFor(() => expect(count).toBeGreaterThan(4));
  await turns.stop();
  expect(failures).toEqual([new Error("the second")]);
});

it("stops after the turn in work, which is told, and begins no other", async () => {
  let count = 0;
  let told = false;
  const turns = takeTurns(
    async (signal) => {
      count++;
      await delay(10_000, null, { signal }).catch(() => {
        told = true;
      });
      return 0;
    },
    () => 0,
  );
  await turns.stop();
  await delay(20);
  expect([count, told]).toEqual([1, true]);
});

it("begins with a rest where one is wanted", async () => {
  const turn = vi.fn(async () => 60_000);
  const turns = takeTurns(turn, () => 60_000, 60_000);
  await delay(5);
  await turns.stop();
  expect(turn).not.toHaveBeenCalled();
});
