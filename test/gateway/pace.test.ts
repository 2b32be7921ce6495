import { describe, expect, it } from "vitest";
import {
  type HealthProbe,
  afterProbe,
  createPace,
  patienceSeconds,
  startPace,
  type PaceState,
} from "../../src/gateway/pace.ts";

const healthy: HealthProbe = {
  health: "healthy",
  durationSeconds: 0.01,
  problem: null,
  retryAfterSeconds: 0,
};
const slow: HealthProbe = { ...healthy, durationSeconds: 0.6 };
const full: HealthProbe = { ...healthy, health: "unhealthy", problem: "HTTP 500" };
const limited: HealthProbe = { ...healthy, health: "limited", problem: "HTTP 429", retryAfterSeconds: 1 };
const blocked: HealthProbe = { ...healthy, health: "blocked", problem: "HTTP 403" };

describe("the rate of deletions after a probe of the gateway's health", () => {
  const at = (rate: number): PaceState => ({ ...startPace(200), rate, health: "healthy" });
  const after = (rate: number, growth: number, trouble: Partial<PaceState> = {}): PaceState => ({
    ...at(rate),
    growth,
    ...trouble,
  });
  const unhealthy = { health: "unhealthy", troubledSince: 7, problem: "HTTP 500" } as const;

  it.each<[string, PaceState, HealthProbe, PaceState]>([
    ["doubles while the gateway is healthy", at(50), healthy, at(100)],
    ["never exceeds the ceiling", at(180), healthy, at(200)],
    ["stays at the ceiling", at(200), healthy, at(200)],
    ["does not grow by the first answer", startPace(200), healthy, at(200)],
    ["halves when the answer is slow, and does not stop", at(200), slow, after(100, 1.25)],
    ["halves when the queue is full", at(200), full, after(100, 1.25, unhealthy)],
    [
      "keeps the first moment of trouble",
      after(100, 1.25, { ...unhealthy, troubledSince: 3 }),
      full,
      after(50, 1.25, { ...unhealthy, troubledSince: 3 }),
    ],
    ["never falls below one a second", at(1), full, after(1, 1.25, unhealthy)],
    [
      "grows more slowly once the gateway has recovered",
      after(40, 1.25, unhealthy),
      healthy,
      after(50, 1.25, { problem: "HTTP 500" }),
    ],
    [
      "halves at a rate limit, and grows slowest from then on",
      at(200),
      limited,
      after(100, 1.05, { health: "limited", troubledSince: 7, problem: "HTTP 429" }),
    ],
  ])("%s", (_, before, probe, expected) => {
    expect(afterProbe(before, probe, 200, 7)).toEqual(expected);
  });

  it("never exceeds a ceiling below one a second, not even when it falls", () => {
    expect(afterProbe(at(0.5), full, 0.5, 7)).toEqual(after(0.5, 1.25, unhealthy));
  });

  it("falls when every other answer is slow", () => {
    let state = at(200);
    for (const probe of [healthy, slow, healthy, slow]) state = afterProbe(state, probe, 200, 7);
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
  it("starts at 200 a second, however high the ceiling", async () => {
    const { sentAt, rate } = await run(() => healthy, 10_000, 30);
    expect(rate).toBe(200);
    // What is a little late is caught up with.
    expect(sentAt.at(-1)! - sentAt[0]!).toBeGreaterThanOrEqual(29 / 200 - 0.06);
  });

  it("grows to the ceiling while the gateway is well, and not above", async () => {
    const { sentAt, rate } = await run(() => healthy, 200, 600);
    expect(rate).toBe(200);
    const lastHundred = sentAt.at(-1)! - sentAt.at(-101)!;
    expect(lastHundred).toBeGreaterThanOrEqual(100 / 200 - 0.06);
  });

  it("starts at the ceiling where that is lower", async () => {
    const { sentAt } = await run(() => healthy, 2, 5);
    expect(sentAt[4]! - sentAt[0]!).toBeGreaterThanOrEqual(4 / 2 - 0.06);
  });

  it.each([
    ["is unhealthy", full, 15],
    ["cannot be asked for a rate limit", limited, 60],
    ["cannot be asked for something in front of it", blocked, 0],
  ])(
    "sends nothing before it has seen the gateway healthy, and stops when it %s",
    async (_, probe, patience) => {
      const { ended, sentAt } = await run(() => probe, 200, 10_000);
      expect(ended).toBe("unhealthy");
      expect(sentAt).toEqual([]);
      expect(patienceSeconds(afterProbe(startPace(200), probe, 200, 0))).toBe(patience);
    },
  );

  it("stops when the gateway stays unhealthy in mid-sweep, having sent nothing more", async () => {
    let probes = 0;
    const { ended, sentAt } = await run(() => ((probes += 1) === 1 ? healthy : full), 200, 10_000);
    expect(ended).toBe("unhealthy");
    expect(sentAt.every((at) => at < 1)).toBe(true);
  });

  it("waits for the first answer, however long it takes", async () => {
    const { clock, wait } = fakeTime();
    const answer = new AbortController();
    const probe = (): Promise<HealthProbe> =>
      new Promise((resolve) => answer.signal.addEventListener("abort", () => resolve(healthy)));
    const pace = createPace({ ceiling: 200, probe, clock, wait, signal: new AbortController().signal });
    let permission = "none";
    const asking = pace.next().then((given) => (permission = given));
    await new Promise((resolve) => setImmediate(resolve));
    expect(permission).toBe("none");
    answer.abort();
    await asking;
    expect(permission).toBe("go");
  });

  it("sends nothing for as long as an answer asks for, and slower from then on", async () => {
    const { clock, wait } = fakeTime();
    const signal = new AbortController().signal;
    const pace = createPace({ ceiling: 200, probe: () => Promise.resolve(healthy), clock, wait, signal });
    await pace.next();
    pace.slowDown(3);
    const [rate, from] = [pace.rate(), clock.monotonic()];
    expect(await pace.next()).toBe("go");
    expect(rate).toBe(100);
    expect(clock.monotonic() - from).toBeGreaterThanOrEqual(3);
    await pace.stop();
  });

  it("continues when the gateway recovers", async () => {
    let probes = 0;
    const { ended, sentAt } = await run(() => ((probes += 1) > 3 && probes < 12 ? full : healthy), 200, 1000);
    expect(ended).toBe("go");
    expect(sentAt.length).toBe(1000);
  });

  it("ends at once when the sweep is stopped", async () => {
    const { clock, wait } = fakeTime();
    const stop = new AbortController();
    stop.abort();
    const pace = createPace({
      ceiling: 1,
      probe: () => Promise.resolve(healthy),
      clock,
      wait,
      signal: stop.signal,
    });
    expect(await pace.next()).toBe("stopped");
    await pace.stop();
  });
});
