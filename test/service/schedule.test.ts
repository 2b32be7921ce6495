import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { startSchedule, type Schedule } from "../../src/service/schedule.ts";

const silent = (): void => {};

function schedule(
  expression: string,
  rest: { timezone?: string; jitterSeconds?: number } = {},
): { schedule: Schedule; dueAt: string[]; missed: () => number } {
  const dueAt: string[] = [];
  let missed = 0;
  const created = startSchedule({
    expression,
    timezone: "UTC",
    jitterSeconds: 0,
    onDue: () => Promise.resolve(void dueAt.push(new Date().toISOString())),
    onMissed: () => (missed += 1),
    log: { debug: silent, warn: silent },
    ...rest,
  });
  return { schedule: created, dueAt, missed: () => missed };
}

describe("the schedule", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-11-24T12:00:30.000Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is due at the minutes of its expression, and knows the next one", async () => {
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

  it(
    "without hours and days never pauses when clocks change, in any time zone",
    { timeout: 30_000 },
    async () => {
      const changing = Intl.supportedValuesOf("timeZone").flatMap((timezone) =>
        findChanges(timezone).map((change) => ({ timezone, change })),
      );
      expect(changing.length).toBeGreaterThan(150);
      for (const { timezone, change } of changing) {
        const start = change - 2 * 3_600_000;
        vi.setSystemTime(start);
        const { schedule: one } = schedule("*/15 * * * *", { timezone });
        const minutes: number[] = [];
        for (let now = start; now < change + 2 * 3_600_000; now = one.nextAt()! * 1000) {
          vi.setSystemTime(now);
          minutes.push((one.nextAt()! * 1000 - now) / 60_000);
        }
        await one.stop();
        expect({ timezone, minutes }).toEqual({ timezone, minutes: Array.from({ length: 16 }, () => 15) });
      }
    },
  );

  it.each([
    ["Asia/Kolkata", "2026-11-24T12:30:00.000Z"],
    ["America/St_Johns", "2026-11-24T12:30:00.000Z"],
    ["Asia/Kathmandu", "2026-11-24T12:15:00.000Z"],
    ["Europe/Berlin", "2026-11-24T13:00:00.000Z"],
  ])("keeps to the minutes of the clocks in %s", async (timezone, next) => {
    const { schedule: one } = schedule("0 * * * *", { timezone });
    expect(new Date(one.nextAt()! * 1000).toISOString()).toBe(next);
    await one.stop();
  });
});

/** When the clocks of a time zone change in 2027, in milliseconds since 1970. */
function findChanges(timezone: string): readonly number[] {
  const format = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" });
  const offsetAt = (at: number): string | undefined =>
    format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value;
  const day = 86_400_000;
  const changes: number[] = [];
  for (let at = Date.UTC(2027, 0); at < Date.UTC(2028, 0); at += 5 * day) {
    let [before, after] = [at, at + 5 * day];
    if (offsetAt(before) === offsetAt(after)) continue;
    // To the half hour.
    while (after - before > 1_800_000) {
      const middle = before + Math.floor((after - before) / 3_600_000) * 1_800_000;
      if (offsetAt(middle) === offsetAt(before)) before = middle;
      else after = middle;
    }
    changes.push(after);
  }
  return changes;
}
