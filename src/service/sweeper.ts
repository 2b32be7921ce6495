import { createQueue } from "../core/queue.ts";
import type { SweepReport } from "../core/report.ts";
import type { SkipReason } from "../core/verdict.ts";

export type SweepResult =
  { readonly ran: true; readonly report: SweepReport } | { readonly ran: false; readonly reason: SkipReason };

/** Starts sweeps and reads of the gateways, never two at once. */
export function createSweeper(sweep: () => Promise<SweepReport>, onSkipped: (reason: SkipReason) => void) {
  const inTurn = createQueue();
  let running: Promise<SweepResult> | null = null;
  let stopping = false;

  const skip = (reason: SkipReason): SweepResult => {
    onSkipped(reason);
    return { ran: false, reason };
  };

  const mayRead = (): boolean => !stopping && running === null;

  return {
    /** Sweeps once the current read is over, or returns why not. Rejects as the sweep does. */
    async run(): Promise<SweepResult> {
      if (stopping) return skip("stopping");
      if (running !== null) return skip("already_running");
      running = inTurn(async () => (stopping ? skip("stopping") : { ran: true, report: await sweep() }));
      try {
        return await running;
      } finally {
        running = null;
      }
    },
    /** Whether a sweep runs or waits. */
    isSweeping: () => running !== null,
    /**
     * Reads once the current read is over, unless a sweep runs or waits. Rejects as `work` does.
     * @returns null: it did not read
     */
    async read<T>(work: () => Promise<T>): Promise<T | null> {
      return mayRead() ? inTurn(async () => (mayRead() ? work() : null)) : null;
    },
    /** Starts nothing new; resolves when the current work is over. */
    async stop(): Promise<void> {
      stopping = true;
      await inTurn(() => Promise.resolve());
    },
  };
}
