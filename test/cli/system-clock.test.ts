import { describe, expect, it } from "vitest";

import { createClock, wait } from "../../src/cli/system-clock.ts";

interface Passing {
  readonly runningMs: number;
  readonly wallMs: number;
  readonly uptimeSeconds: number;
}

function createMachine() {
  const machine = { now: 1_700_000_000_000, running: 5000, uptime: 1000, timesAsked: 0 };
  const clock = createClock({
    now: () => machine.now,
    running: () => machine.running,
    uptime() {
      machine.timesAsked += 1;
      return machine.uptime;
    },
  });
  return {
    machine,
    clock,
    /** Lets this pass on the machine's three clocks, and tells the time then. */
    pass({ runningMs, wallMs, uptimeSeconds }: Passing): number {
      machine.running += runningMs;
      machine.now += wallMs;
      machine.uptime += uptimeSeconds;
      return clock.monotonic();
    },
  };
}

describe("the monotonic clock", () => {
  it.each<[string, Passing, number]>([
    [
      "goes on while the machine is suspended, so that what was read before does not look fresh",
      { runningMs: 1, wallMs: 600_001, uptimeSeconds: 600.001 },
      600.001,
    ],
    [
      "does so within 20 ms even if the wall clock was set back by as much",
      { runningMs: 21, wallMs: 21, uptimeSeconds: 600.021 },
      600.021,
    ],
    [
      "does not jump by the coarse steps of the uptime",
      { runningMs: 21, wallMs: 0, uptimeSeconds: 0.99 },
      0.021,
    ],
    [
      "is not moved by a wall clock that is set",
      { runningMs: 21, wallMs: -3_600_000, uptimeSeconds: 0.021 },
      0.021,
    ],
  ])("%s", (_, passing, seconds) => {
    const { clock, pass } = createMachine();
    const before = clock.monotonic();
    expect(pass(passing) - before).toBeCloseTo(seconds, 6);
  });

  it("does not go back when a coarse uptime seems to say less than before", () => {
    const { clock, pass } = createMachine();
    clock.monotonic();
    const before = pass({ runningMs: 30, wallMs: 30, uptimeSeconds: 1.04 });
    expect(pass({ runningMs: 30, wallMs: 30, uptimeSeconds: 0.01 })).toBeGreaterThan(before);
  });

  it("does not ask for the uptime again and again, which takes long", () => {
    const { machine, clock } = createMachine();
    clock.monotonic();
    const { timesAsked } = machine;
    for (let call = 0; call < 100; call += 1) clock.monotonic();
    expect(machine.timesAsked).toBe(timesAsked);
  });
});

it("a wait of more than 24.8 days, as a server may ask for, does not end at once", async () => {
  const stop = new AbortController();
  let isOver = false;
  const waiting = wait(10 ** 9, stop.signal).then(() => (isOver = true));
  await wait(0.01, stop.signal);
  expect(isOver).toBe(false);
  stop.abort();
  await waiting;
});
