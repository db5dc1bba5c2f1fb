import { expect, it } from "vitest";
import { CircuitBreaker } from "./circuit-breaker.ts";

it("opens after failures in a row, tries once after the rest, closes on success", () => {
  let now = 0;
  const breaker = new CircuitBreaker({ failures: 2, restMs: 100, clock: () => now });
  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  expect(breaker.state).toBe("closed");
  breaker.failed();
  expect([breaker.state, breaker.admit()]).toEqual(["open", false]);
  now = 100;
  expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
  breaker.failed();
  expect(breaker.state).toBe("open");
  now = 200;
  expect(breaker.admit()).toBe(true);
  breaker.abandoned();
  expect(breaker.admit()).toBe(true);
  breaker.succeeded();
  expect([breaker.state, breaker.admit(), breaker.admit()]).toEqual(["closed", true, true]);
});
