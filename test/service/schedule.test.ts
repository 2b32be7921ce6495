import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createSchedule, type Schedule } from "../../src/service/schedule.ts";

const silent = (): void => {};

function schedule(
  expression: string,
  rest: { timezone?: string; jitterSeconds?: number } = {},
): { schedule: Schedule; dueAt: string[]; missed: () => number } {
  const dueAt: string[] = [];
  let missed = 0;
  const created = createSchedule({
    expression,
    timezone: "UTC",
    jitterSeconds: 0,
    onDue: () => Promise.resolve(void dueAt.push(new Date().toISOString())),
    onMissed: () => (missed += 1),
    log: { debug: silent, warn: silent },
    ...rest,
  });
  created.start();
  return { schedule: created, dueAt, missed: () => missed };
}

describe("the schedule", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-11-24T12:00:30.000Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is due at the minutes of its expression, and tells the next one", async () => {
    const { schedule: one, dueAt } = schedule("*/5 * * * *");
    expect(new Date(one.nextAt()! * 1000).toISOString()).toBe("2026-11-24T12:05:00.000Z");
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(dueAt.map((at) => at.slice(11, 19))).toEqual(["12:05:00", "12:10:00"]);
    await one.stop();
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(dueAt.length).toBe(2);
  });

  it("takes six fields for seconds", async () => {
    const { schedule: one, dueAt } = schedule("*/10 * * * * *");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(dueAt.length).toBe(3);
    await one.stop();
  });

  it("counts in its own time zone, not the machine's", async () => {
    const { schedule: one } = schedule("0 9 * * *", { timezone: "Asia/Tokyo" });
    expect(new Date(one.nextAt()! * 1000).toISOString()).toBe("2026-11-25T00:00:00.000Z");
    await one.stop();
  });

  it("that is far away, beyond the longest timer, does not fire at once", async () => {
    const { schedule: one, dueAt } = schedule("0 0 1 6 *");
    expect(new Date(one.nextAt()! * 1000).toISOString()).toBe("2027-06-01T00:00:00.000Z");
    await vi.advanceTimersByTimeAsync(40 * 86_400_000);
    expect(dueAt).toEqual([]);
    await one.stop();
  });

  it("with jitter is due within it, never before its time", async () => {
    const { schedule: one, dueAt } = schedule("*/5 * * * *", { jitterSeconds: 60 });
    await vi.advanceTimersByTimeAsync(5 * 60_000 + 31_000);
    expect(dueAt.length).toBe(1);
    expect(dueAt[0]! >= "2026-11-24T12:05:00.000Z").toBe(true);
    expect(dueAt[0]! <= "2026-11-24T12:06:01.000Z").toBe(true);
    await one.stop();
  });

  it("leaves no timer behind", async () => {
    const { schedule: one } = schedule("*/5 * * * *");
    await one.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
