import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { patienceSeconds, watchPatience } from "../../src/fleet/slots.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { GatewayInfo } from "../../src/gateway/status.ts";
import { gatewayInfo } from "../support/sweep-context.ts";

describe("a gateway whose answers are awaited", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function scene() {
    let resolve: (status: GatewayInfo) => void = () => {};
    let reject: (error: Error) => void = () => {};
    const answer = new Promise<GatewayInfo>((...settle) => ([resolve, reject] = settle));
    const status = {
      resolve: (value: GatewayInfo) => resolve(value),
      reject: (error: Error) => reject(error),
    };
    const overdue = vi.fn();
    const signals: (AbortSignal | undefined)[] = [];
    const gateway = {
      name: "g",
      status: (signal) => {
        signals.push(signal);
        return answer;
      },
    } as Partial<Gateway> as Gateway;
    return { status, overdue, signals, watched: watchPatience(gateway, 5, overdue) };
  }

  it("is overdue after so long without an answer, and is awaited all the same", async () => {
    const { status, overdue, signals, watched } = scene();
    const { signal } = new AbortController();
    const asked = watched.status(signal);
    expect(signals).toEqual([signal]);
    await vi.advanceTimersByTimeAsync(4999);
    expect(overdue).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(overdue).toHaveBeenCalledTimes(1);
    status.reject(new Error("in the end"));
    await expect(asked).rejects.toThrow("in the end");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not overdue when it answers in time", async () => {
    const { status, overdue, watched } = scene();
    const asked = watched.status();
    await vi.advanceTimersByTimeAsync(4000);
    status.resolve(gatewayInfo);
    await asked;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(overdue).not.toHaveBeenCalled();
  });

  it.each([
    [60, 5],
    [3600, 5],
    [12, 1],
    [0.12, 0.01],
  ])("has of a timeout of %d s the patience of %d s", (timeout, patience) => {
    expect(patienceSeconds(timeout)).toBeCloseTo(patience);
  });
});
