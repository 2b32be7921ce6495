import type { LogFormat, LogLevel } from "../core/log.ts";
import type { SweepContext } from "../sweep/sweep-context.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import type { Io } from "./io.ts";

/** Shown only when the work takes longer than this. */
const quietSeconds = 1;
const redrawEverySeconds = 0.1;

/** Log and progress of a command, which share stderr. */
export interface CommandLog {
  /** A line of the log wipes the progress line first. */
  readonly log: Logger;
  /** One line that is drawn over, if stderr is a terminal. */
  readonly progress: SweepContext["progress"];
  /** Wipes the progress line at the end of the work. */
  readonly clear: () => void;
}

export function createCommandLog(
  level: LogLevel,
  format: LogFormat,
  io: Pick<Io, "stderr" | "clock">,
): CommandLog {
  const line = createProgressLine(io);
  return {
    log: createLogger(level, format, (text) => {
      line.wipe();
      io.stderr.write(text);
    }),
    progress({ gateway, phase, done, total }) {
      line.draw(`${gateway}: ${phase}${total === null ? "" : ` ${done}/${total}`}`);
    },
    clear: () => line.end(),
  };
}

/** One line on stderr that is drawn over, if that is a terminal. */
export interface ProgressLine {
  draw(text: string): void;
  /** Before something else is written to the terminal. */
  wipe(): void;
  /** Wipes it at the end of the work. */
  end(): void;
}

export function createProgressLine({ stderr, clock }: Pick<Io, "stderr" | "clock">): ProgressLine {
  let startedAt: number | null = null;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  const wipe = (): void => {
    if (isDrawn) stderr.write("\r\u001B[K");
    isDrawn = false;
  };
  return {
    draw(text) {
      if (!stderr.isTTY) return;
      const now = clock.monotonic();
      startedAt ??= now;
      if (now - startedAt < quietSeconds || now - drawnAt < redrawEverySeconds) return;
      drawnAt = now;
      isDrawn = true;
      stderr.write(`\r\u001B[K${text.slice(0, (stderr.columns ?? 80) - 1)}`);
    },
    wipe,
    end() {
      wipe();
      startedAt = null;
    },
  };
}
