import { createTask, type ScheduledTask } from "node-cron";

/** When sweeps are due. node-cron stands behind it, and nothing else knows that. */
export interface Schedule {
  start(): void;
  stop(): Promise<void>;
  /** Unix seconds; null once stopped. Without the jitter, which is drawn when the time has come. */
  nextAt(): number | null;
}

export interface ScheduleOptions {
  /** Cron, 5 or 6 fields, already checked. */
  readonly expression: string;
  /** IANA name. node-cron's own default would be the machine's. */
  readonly timezone: string;
  /** Each sweep begins up to so much later, so that many janitors do not come all at once. 0: on time. */
  readonly jitterSeconds: number;
  readonly onDue: () => Promise<void>;
  /** The time of a sweep passed while the process could not run: it was suspended, or far too busy. */
  readonly onMissed: () => void;
  readonly log: ScheduleLog;
}

export interface ScheduleLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A sweep that is this much late still happens; beyond it the next one is soon enough. */
const toleratedLatenessMs = 60_000;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { expression, timezone, jitterSeconds, onDue, onMissed, log } = options;
  const tell =
    (level: "debug" | "warn") =>
    (message: string | Error): void =>
      log[level]("Scheduler", { err: message instanceof Error ? message.message : message });
  // Its own jitter forgets all timers but one when slots come faster than they are done with.
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
  const task: ScheduledTask = createTask(expression, jitterSeconds > 0 ? afterJitter : onDue, {
    timezone,
    missedExecutionTolerance: toleratedLatenessMs,
    // Told by onMissed.
    suppressMissedWarning: true,
    logger: { debug: tell("debug"), info: tell("debug"), warn: tell("warn"), error: tell("warn") },
  });
  task.on("execution:missed", onMissed);
  return {
    start: () => void task.start(),
    stop: async () => {
      await task.destroy();
      for (const timer of waiting) clearTimeout(timer);
      waiting.clear();
    },
    nextAt() {
      // A destroyed task goes on to name one.
      const next = task.getStatus() === "destroyed" ? null : task.getNextRun();
      return next === null ? null : next.getTime() / 1000;
    },
  };
}
