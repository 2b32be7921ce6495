import { describe, expect, it } from "vitest";

import { createClock } from "../../src/cli/system-clock.ts";

describe("the monotonic clock", () => {
  it("goes on while the machine is suspended, so that what was read before does not look fresh", () => {
    const machine = { running: 5000, uptime: 1000 };
    const clock = createClock({ now: () => 0, running: () => machine.running, uptime: () => machine.uptime });
    const before = clock.monotonic();
    machine.running += 20;
    machine.uptime += 600.02;
    expect(clock.monotonic() - before).toBeCloseTo(600.02, 6);
  });

  it("does not jump by the coarse steps of the uptime", () => {
    const machine = { running: 5000, uptime: 1000 };
    const clock = createClock({ now: () => 0, running: () => machine.running, uptime: () => machine.uptime });
    const before = clock.monotonic();
    machine.running += 20;
    machine.uptime += 0.99;
    expect(clock.monotonic() - before).toBeCloseTo(0.02, 6);
  });
});
