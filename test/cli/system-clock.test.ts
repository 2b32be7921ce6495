import { describe, expect, it } from "vitest";

import { createClock } from "../../src/cli/system-clock.ts";

describe("the monotonic clock", () => {
  const createMachine = () => {
    const machine = { now: 1_700_000_000_000, running: 5000, uptime: 1000, timesAsked: 0 };
    const clock = createClock({
      now: () => machine.now,
      running: () => machine.running,
      uptime() {
        machine.timesAsked += 1;
        return machine.uptime;
      },
    });
    return { machine, clock };
  };

  it("goes on while the machine is suspended, so that what was read before does not look fresh", () => {
    const { machine, clock } = createMachine();
    const before = clock.monotonic();
    machine.running += 1;
    machine.now += 600_001;
    machine.uptime += 600.001;
    expect(clock.monotonic() - before).toBeCloseTo(600.001, 6);
  });

  it("does so within 20 ms even if the wall clock was set back by as much", () => {
    const { machine, clock } = createMachine();
    const before = clock.monotonic();
    machine.running += 21;
    machine.now += 21;
    machine.uptime += 600.021;
    expect(clock.monotonic() - before).toBeCloseTo(600.021, 6);
  });

  it("does not jump by the coarse steps of the uptime", () => {
    const { machine, clock } = createMachine();
    const before = clock.monotonic();
    machine.running += 21;
    machine.uptime += 0.99;
    expect(clock.monotonic() - before).toBeCloseTo(0.021, 6);
  });

  it("does not go back when a coarse uptime seems to say less than before", () => {
    const { machine, clock } = createMachine();
    clock.monotonic();
    const advance = (seconds: number, suspendedSeconds: number): number => {
      machine.running += seconds * 1000;
      machine.now += seconds * 1000;
      machine.uptime += seconds + suspendedSeconds;
      return clock.monotonic();
    };
    const before = advance(0.03, 1.01);
    expect(advance(0.03, -0.02)).toBeGreaterThan(before);
  });

  it("is not moved by a wall clock that is set", () => {
    const { machine, clock } = createMachine();
    const before = clock.monotonic();
    machine.running += 21;
    machine.uptime += 0.021;
    machine.now -= 3_600_000;
    expect(clock.monotonic() - before).toBeCloseTo(0.021, 6);
  });

  it("does not ask for the uptime again and again, which takes long", () => {
    const { machine, clock } = createMachine();
    clock.monotonic();
    const { timesAsked } = machine;
    for (let call = 0; call < 100; call += 1) clock.monotonic();
    expect(machine.timesAsked).toBe(timesAsked);
  });
});
