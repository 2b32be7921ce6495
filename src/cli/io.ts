import type { Clock } from "../core/time.ts";
import type { Wait } from "../gateway/pace.ts";
import type { Logger } from "../telemetry/logger.ts";

/** A stream that text goes to, and what is known of the terminal behind it. */
export interface Output {
  write(text: string): void;
  /** Resolves when whoever reads it can take more: what is written before that waits in memory. */
  drained(): Promise<void>;
  /** Nobody takes any more: what is still written is lost. */
  readonly ended: boolean;
  readonly isTTY: boolean;
  /** Width of the terminal; null if it is none, or has no known size. */
  readonly columns: number | null;
}

/** Everything a command has of the world: the real one in main.ts, a test's own in tests. */
export interface Io {
  /** Results. */
  readonly stdout: Output;
  /** Logs, progress, mistakes. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly wait: Wait;
  /** As `v20.19.0`. */
  readonly nodeVersion: string;
  /** First SIGTERM, SIGINT or SIGHUP: finish what is in flight, begin nothing new. */
  readonly stop: AbortSignal;
  /** The time for that is over: cut everything off. */
  readonly abort: AbortSignal;
  /** Calls back at every SIGHUP instead of stopping. The result ends that. */
  onHangup(callback: () => void): () => void;
  /** 143 after SIGTERM, 130 after SIGINT, 129 after SIGHUP. */
  signalExitCode(): number;
}

/** The same world, but warnings become lines of the log. A program that collects a log takes every line for one of it. */
export function withLoggedWarnings(io: Io, log: Logger): Io {
  const write = (warning: string): void => log.warn("Configuration warning", { warning: warning.trimEnd() });
  return { ...io, stderr: { ...io.stderr, write } };
}

/** Writes part by part. However slow the reader, only one part waits in memory. */
export async function writeAll(parts: Iterable<string>, output: Output): Promise<void> {
  for (const part of parts) {
    if (output.ended) return;
    output.write(part);
    await output.drained();
  }
}

/** Colours only on a terminal, and not where the user said no (https://no-color.org). */
export function wantsColor(output: Output, env: Io["env"]): boolean {
  return output.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
