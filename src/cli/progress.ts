import type { SweepProgress } from "../sweep/sweep-context.ts";
import type { Io } from "./io.ts";

/** Shown only when the work takes longer than this. */
const quietSeconds = 1;
const redrawEverySeconds = 0.1;

export interface ProgressLine {
  readonly update: SweepProgress;
  /** Wipes the line, before anything else is written. */
  clear(): void;
}

/** One line on stderr that is drawn over, if that is a terminal. */
export function createProgressLine({ stderr, clock }: Pick<Io, "stderr" | "clock">): ProgressLine {
  const startedAt = clock.monotonic();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    update({ gateway, phase, done, total }) {
      const now = clock.monotonic();
      if (!stderr.isTTY || now - startedAt < quietSeconds || now - drawnAt < redrawEverySeconds) return;
      drawnAt = now;
      drawn = true;
      const count = total === null ? "" : ` ${done}/${total}`;
      stderr.write(`\r\u001B[K${`${gateway}: ${phase}${count}`.slice(0, (stderr.columns ?? 80) - 1)}`);
    },
    clear() {
      if (drawn) stderr.write("\r\u001B[K");
      drawn = false;
    },
  };
}
