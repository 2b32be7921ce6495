import { readFileSync } from "node:fs";

import type { World } from "../fleet/world.ts";
import type { BuildInfo } from "../telemetry/metrics.ts";

/** A text stream, and the terminal behind it. */
export interface Output {
  write(text: string): void;
  /** Resolves when the reader can take more: text written before that waits in memory. */
  drained(): Promise<void>;
  /** Nothing reads it any more: further text is lost. */
  readonly ended: boolean;
  readonly isTTY: boolean;
  /** Width of the terminal; null if it is none, or has no known size. */
  readonly columns: number | null;
}

/** What a command uses of the outside world: the real one in main.ts, a test's own in tests. */
export interface Io extends World {
  /** Results. */
  readonly stdout: Output;
  /** Logs, progress, mistakes. */
  readonly stderr: Output;
  /** As `v20.19.0`. */
  readonly nodeVersion: string;
  /** Calls back at every SIGHUP instead of stopping. The result ends that. */
  onHangup(callback: () => void): () => void;
  /** Asks at the terminal; an empty answer also at its end, and after `stop`. null: there is no terminal to ask at. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** 143 after SIGTERM, 130 after SIGINT, 129 after SIGHUP. */
  signalExitCode(): number;
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

export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The revision is set by the build of an image; a checkout has none. */
export function readBuildInfo({ env, nodeVersion }: Io): BuildInfo {
  return { version: readVersion(), revision: env["PUSHGATEWAY_JANITOR_REVISION"] || "unknown", nodeVersion };
}
