import type { SweepReport } from "../core/report.ts";
import type { SkipReason } from "../core/verdict.ts";

export type SweepResult =
  { readonly ran: true; readonly report: SweepReport } | { readonly ran: false; readonly reason: SkipReason };

/** The one point where gateways begin to be asked, whether for a sweep or only to be read: never twice at once. */
export interface Sweeper {
  /** Sweeps, after a read that is under way, or says why not. Rejects as the sweep does. */
  run(): Promise<SweepResult>;
  /** Reads, after a read that is under way, unless a sweep is under way or waits: then nothing happens. Rejects as `work` does. */
  read(work: () => Promise<void>): Promise<void>;
  /** What is under way continues, nothing new begins. Resolves when it is over. */
  stop(): Promise<void>;
}

export function createSweeper(
  sweep: () => Promise<SweepReport>,
  onSkipped: (reason: SkipReason) => void,
): Sweeper {
  let running: Promise<SweepResult> | null = null;
  let lastRead: Promise<void> = Promise.resolve();
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
    async run() {
      if (stopping) return skip("stopping");
      if (running !== null) return skip("already_running");
      running = sweepInTurn();
      try {
        return await running;
      } finally {
        running = null;
      }
    },
    read(work) {
      const read = lastRead.then(() => (stopping || running !== null ? undefined : work()));
      // The caller handles its error.
      lastRead = read.catch(() => {});
      return read;
    },
    async stop() {
      stopping = true;
      // Whoever asked for it handles its error.
      await running?.catch(() => {});
      await lastRead;
    },
  };
}
