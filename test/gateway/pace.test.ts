import { describe, expect, it } from "vitest";

import type { HealthProbe } from "../../src/gateway/health.ts";
import { afterProbe, createPace, giveUpAfterSeconds, type PaceState } from "../../src/gateway/pace.ts";

const well: HealthProbe = { healthy: true, durationSeconds: 0.01 };
const slow: HealthProbe = { healthy: true, durationSeconds: 0.6 };
const full: HealthProbe = { healthy: false, durationSeconds: 0.01 };

describe("the rate of deletions after a look at the gateway's health", () => {
  const at = (rate: number): PaceState => ({ rate, hasSuffered: false, unhealthySince: null });
  const suffered = (rate: number, unhealthySince: number | null = null): PaceState => ({
    rate,
    hasSuffered: true,
    unhealthySince,
  });

  it.each<[string, PaceState, HealthProbe, PaceState]>([
    ["doubles while the gateway is well", at(50), well, at(100)],
    ["never exceeds the ceiling", at(180), well, at(200)],
    ["stays at the ceiling", at(200), well, at(200)],
    ["halves when the answer is slow", at(200), slow, suffered(100)],
    ["halves when the queue is full, and that is remembered", at(200), full, suffered(100, 7)],
    ["keeps the first moment of being unwell", suffered(100, 3), full, suffered(50, 3)],
    ["never falls below one a second", at(1), full, suffered(1, 7)],
    [
      "goes on once the gateway is well, growing more slowly than before",
      suffered(40, 3),
      well,
      suffered(50),
    ],
    ["takes slow for a reason to slow down, not to stop", suffered(50, 3), slow, suffered(25)],
  ])("%s", (_, before, probe, after) => {
    expect(afterProbe(before, probe, 200, 7)).toEqual(after);
  });

  it("never exceeds a ceiling below one a second, not even when it falls", () => {
    expect(afterProbe(at(0.5), full, 0.5, 7)).toEqual(suffered(0.5, 7));
  });

  it("falls when every other answer is slow", () => {
    let state = at(200);
    for (const probe of [well, slow, well, slow]) state = afterProbe(state, probe, 200, 7);
    expect(state.rate).toBeLessThan(100);
  });
});

/** A clock that only moves when somebody waits. */
function fakeTime(): {
  clock: { now(): number; monotonic(): number };
  wait: (seconds: number, signal: AbortSignal) => Promise<void>;
} {
  let seconds = 0;
  const waiting: { until: number; wake: () => void }[] = [];
  const wakeNext = (): void => {
    waiting.sort((a, b) => a.until - b.until);
    const next = waiting.shift();
    if (next === undefined) return;
    seconds = Math.max(seconds, next.until);
    next.wake();
  };
  return {
    clock: { now: () => seconds, monotonic: () => seconds },
    wait: (duration, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const wake = (): void => {
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.push({ until: seconds + duration, wake });
        signal.addEventListener("abort", wake, { once: true });
        setImmediate(wakeNext);
      }),
  };
}

async function run(
  probe: () => HealthProbe,
  ceiling: number,
  count: number,
): Promise<{ sentAt: number[]; ended: string; rate: number }> {
  const { clock, wait } = fakeTime();
  const stop = new AbortController();
  const pace = createPace({
    ceiling,
    probe: () => Promise.resolve(probe()),
    clock,
    wait,
    signal: stop.signal,
  });
  const sentAt: number[] = [];
  let ended = "go";
  while (sentAt.length < count && ended === "go") {
    ended = await pace.next();
    if (ended === "go") sentAt.push(clock.monotonic());
  }
  const rate = pace.rate();
  await pace.stop();
  return { sentAt, ended, rate };
}

describe("the pace", () => {
  it("starts at 200 a second, however high the ceiling and well the gateway", async () => {
    const { sentAt, rate } = await run(() => well, 10_000, 30);
    expect(rate).toBe(200);
    // What is a little late is caught up with.
    expect(sentAt.at(-1)! - sentAt[0]!).toBeGreaterThanOrEqual(29 / 200 - 0.06);
  });

  it("grows to the ceiling while the gateway is well, and not above", async () => {
    const { sentAt, rate } = await run(() => well, 200, 600);
    expect(rate).toBe(200);
    const lastHundred = sentAt.at(-1)! - sentAt.at(-101)!;
    expect(lastHundred).toBeGreaterThanOrEqual(100 / 200 - 0.06);
  });

  it("starts at the ceiling where that is lower", async () => {
    const { sentAt } = await run(() => well, 2, 5);
    expect(sentAt[4]! - sentAt[0]!).toBeGreaterThanOrEqual(4 / 2 - 0.06);
  });

  it("stops when the gateway stays unwell, having sent nothing more", async () => {
    const { ended, sentAt } = await run(() => full, 200, 10_000);
    expect(ended).toBe("unhealthy");
    expect(sentAt.every((at) => at < 1)).toBe(true);
    expect(giveUpAfterSeconds).toBeLessThan(30);
  });

  it("goes on when the gateway recovers", async () => {
    let probes = 0;
    const { ended, sentAt } = await run(() => ((probes += 1) > 3 && probes < 12 ? full : well), 200, 1000);
    expect(ended).toBe("go");
    expect(sentAt.length).toBe(1000);
  });

  it("ends at once when the sweep is stopped", async () => {
    const { clock, wait } = fakeTime();
    const stop = new AbortController();
    stop.abort();
    const pace = createPace({
      ceiling: 1,
      probe: () => Promise.resolve(well),
      clock,
      wait,
      signal: stop.signal,
    });
    expect(await pace.next()).toBe("stopped");
    await pace.stop();
  });
});
