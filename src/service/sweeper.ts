import type { SweepReport } from "../core/report.ts";
import type { SkipReason } from "../core/verdict.ts";

export type SweepResult =
  { readonly ran: true; readonly report: SweepReport } | { readonly ran: false; readonly reason: SkipReason };

/** Starts sweeps and reads of the gateways, never two at once. */
export function createSweeper(sweep: () => Promise<SweepReport>, onSkipped: (reason: SkipReason) => void) {
  let running: Promise<SweepResult> | null = null;
  let lastRead: Promise<unknown> = Promise.resolve();
  let stopping = false;

  const skip = (reason: SkipReason): SweepResult => {
    onSkipped(reason);
    return { ran: false, reason };
  };

  const sweepInTurn = async (): Promise<SweepResult> => {
    await lastRead;
    return stopping ? skip("stopping") : { ran: true, report: await sweep() };
  };

  return {
    /** Sweeps once the current read is over, or returns why not. Rejects as the sweep does. */
    async run(): Promise<SweepResult> {
      if (stopping) return skip("stopping");
      if (running !== null) return skip("already_running");
      running = sweepInTurn();
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
    read<T>(work: () => Promise<T>): Promise<T | null> {
      const read = lastRead.then(() => (stopping || running !== null ? null : work()));
      // The caller handles its error.
      lastRead = read.catch(() => {});
      return read;
    },
    /** Starts nothing new; resolves when the current work is over. */
    async stop(): Promise<void> {
      stopping = true;
      // The caller of `run` handles its error.
      await running?.catch(() => {});
      await lastRead;
    },
  };
}
