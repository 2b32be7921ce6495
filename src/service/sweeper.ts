import type { SweepReport } from "../core/report.ts";
import type { SkipReason } from "../core/sweep-reasons.ts";

export type SweepResult =
  { readonly ran: true; readonly report: SweepReport } | { readonly ran: false; readonly reason: SkipReason };

/** The one place where sweeps begin, whether scheduled or asked for: never two at once. */
export interface Sweeper {
  /** Sweeps, or says why not. Rejects as the sweep does. */
  run(): Promise<SweepResult>;
  /** The sweep in flight goes on, no other begins. Resolves when it is over. */
  stop(): Promise<void>;
}

export function createSweeper(
  sweep: () => Promise<SweepReport>,
  onSkipped: (reason: SkipReason) => void,
): Sweeper {
  let running: Promise<SweepReport> | null = null;
  let stopping = false;

  const skip = (reason: SkipReason): SweepResult => {
    onSkipped(reason);
    return { ran: false, reason };
  };

  return {
    async run() {
      if (stopping) return skip("stopping");
      if (running !== null) return skip("already_running");
      running = sweep();
      try {
        return { ran: true, report: await running };
      } finally {
        running = null;
      }
    },
    async stop() {
      stopping = true;
      // Whoever asked for it is told how it went.
      await running?.catch(() => {});
    },
  };
}
