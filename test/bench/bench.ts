import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FilledGateways } from "./filled-gateway.ts";
import type { Row } from "./row.ts";

/** What a figure works with. */
export interface Bench {
  /** For files of the run; removed at its end. */
  readonly folder: string;
  readonly gateways: FilledGateways;
  /** Whether 100,000 groups are measured, too. */
  readonly large: boolean;
}

/** One thing to measure, runnable by its name alone. */
export interface Figure {
  readonly name: string;
  /** How it is measured, for the reader of the table. */
  readonly method: string;
  /** Programs it needs beside Node and the gateway. */
  readonly needs?: readonly string[];
  /** Yields the lines of the table as they come. */
  measure(bench: Bench): AsyncGenerator<Row>;
}

export function openBench(large: boolean): Bench & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Also when it is interrupted.
  process.once("exit", remove);
  return { folder, gateways: new FilledGateways(folder), large, [Symbol.dispose]: remove };
}
