import { schedule } from "node-cron";

import { clockOf, parseSchedule } from "../config/cron.ts";
import type { Logger } from "../telemetry/logger.ts";

/** A running schedule. */
export type Schedule = ReturnType<typeof startSchedule>;

interface ScheduleOptions {
  /** Cron, 5 or 6 fields, already checked. */
  readonly expression: string;
  /** IANA name. node-cron's own default would be the machine's. */
  readonly timezone: string;
  /** The longest delay of a sweep, so that many janitors do not sweep at the same moment. 0: on time. */
  readonly jitterSeconds: number;
  readonly onDue: () => Promise<void>;
  /** A sweep was due while the process was suspended or too busy. */
  readonly onMissed: () => void;
  readonly log: Pick<Logger, "debug" | "warn">;
}

/** A sweep that is late by no more than this still happens. */
const toleratedLatenessMs = 60_000;

/** @throws if the expression is not valid or never fires */
export function startSchedule(options: ScheduleOptions) {
  const { expression, timezone, jitterSeconds, onDue, onMissed, log } = options;
  const logAt =
    (level: "debug" | "warn") =>
    (message: string | Error): void =>
      log[level]("Scheduler", { err: message instanceof Error ? message.message : message });
  // node-cron's own jitter loses timers when slots come faster than their jitter passes.
  const waiting = new Set<NodeJS.Timeout>();
  const afterJitter = (): void => {
    const timer = setTimeout(
      () => {
        waiting.delete(timer);
        void onDue();
      },
      Math.random() * jitterSeconds * 1000,
    );
    waiting.add(timer);
  };
  const task = schedule(expression, jitterSeconds > 0 ? afterJitter : onDue, {
    timezone: clockOf(parseSchedule(expression), timezone),
    missedExecutionTolerance: toleratedLatenessMs,
    // onMissed reports it.
    suppressMissedWarning: true,
    logger: { debug: logAt("debug"), info: logAt("debug"), warn: logAt("warn"), error: logAt("warn") },
  });
  task.on("execution:missed", onMissed);
  return {
    stop: async (): Promise<void> => {
      await task.destroy();
      for (const timer of waiting) clearTimeout(timer);
      waiting.clear();
    },
    /** Unix seconds, without the jitter, which is drawn when a sweep is due; null once stopped. */
    nextAt(): number | null {
      // A destroyed task still names one.
      const next = task.getStatus() === "destroyed" ? null : task.getNextRun();
      return next === null ? null : next.getTime() / 1000;
    },
  };
}
