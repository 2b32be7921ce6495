import { describe, expect, it } from "vitest";

import type { SweepReport } from "../../src/core/report.ts";
import type { SkipReason } from "../../src/core/verdict.ts";
import { createSweeper } from "../../src/service/sweeper.ts";

const report: SweepReport = { startedAt: 1, finishedAt: 2, dryRun: false, rules: [], gateways: [] };

/** Sweeps that end when the test says so. */
function slowSweeper(): {
  sweeper: ReturnType<typeof createSweeper>;
  skipped: SkipReason[];
  begun: () => number;
  finish: (error?: Error) => void;
} {
  const skipped: SkipReason[] = [];
  let begun = 0;
  let finish: (error?: Error) => void = () => {};
  const sweep = (): Promise<SweepReport> => {
    begun += 1;
    return new Promise((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve(report) : reject(error));
    });
  };
  const sweeper = createSweeper(sweep, (reason) => skipped.push(reason));
  return { sweeper, skipped, begun: () => begun, finish: (error) => finish(error) };
}

describe("the sweeper", () => {
  it("never runs two sweeps at once, and says of the second why it did not happen", async () => {
    const { sweeper, skipped, begun, finish } = slowSweeper();
    const first = sweeper.run();
    expect(await sweeper.run()).toEqual({ ran: false, reason: "already_running" });
    expect(begun()).toBe(1);
    finish();
    expect(await first).toEqual({ ran: true, report });
    expect(skipped).toEqual(["already_running"]);
  });

  it("runs the next one after the last has ended, even if that failed", async () => {
    const { sweeper, begun, finish } = slowSweeper();
    const failed = sweeper.run();
    await expect.poll(begun).toBe(1);
    finish(new Error("bug"));
    await expect(failed).rejects.toThrow("bug");
    const next = sweeper.run();
    await expect.poll(begun).toBe(2);
    finish();
    expect(await next).toEqual({ ran: true, report });
  });

  it("once stopped waits for the sweep in flight and begins no other", async () => {
    const { sweeper, skipped, begun, finish } = slowSweeper();
    const running = sweeper.run();
    await expect.poll(begun).toBe(1);
    let stopped = false;
    const stopping = sweeper.stop().then(() => (stopped = true));
    expect(await sweeper.run()).toEqual({ ran: false, reason: "stopping" });
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect(await running).toEqual({ ran: true, report });
    expect(begun()).toBe(1);
    expect(skipped).toEqual(["stopping"]);
  });

  it("lets a sweep wait for a read that is under way, and skips the next one", async () => {
    const { sweeper, skipped, begun, finish } = slowSweeper();
    let readEnds: (value?: unknown) => void = () => {};
    const read = sweeper.read(() => new Promise((resolve) => (readEnds = resolve)));
    await Promise.resolve();
    const sweep = sweeper.run();
    expect(await sweeper.run()).toEqual({ ran: false, reason: "already_running" });
    expect(begun()).toBe(0);
    readEnds();
    await read;
    await expect.poll(begun).toBe(1);
    finish();
    expect(await sweep).toEqual({ ran: true, report });
    expect(skipped).toEqual(["already_running"]);
  });

  it("begins no read during a sweep, nor two at once, nor when it is stopped", async () => {
    const { sweeper, begun, finish } = slowSweeper();
    const order: string[] = [];
    const read = (name: string) =>
      sweeper.read(async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
    await Promise.all([read("a"), read("b")]);
    const sweep = sweeper.run();
    await read("c");
    expect(begun()).toBe(1);
    finish();
    await sweep;
    await sweeper.stop();
    await read("d");
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("once stopped waits for the read under way, and does not begin the sweep that waits for it", async () => {
    const { sweeper, begun } = slowSweeper();
    let readEnds = (error: Error): void => void error;
    const read = sweeper.read(() => new Promise((_, reject) => (readEnds = reject)));
    await Promise.resolve();
    const sweep = sweeper.run();
    const stopped = sweeper.stop();
    readEnds(new Error("bug"));
    await expect(read).rejects.toThrow("bug");
    await stopped;
    expect(await sweep).toEqual({ ran: false, reason: "stopping" });
    expect(begun()).toBe(0);
  });
});
