import { cpus, release, totalmem, type } from "node:os";

import type { Figure } from "./bench.ts";
import type { Row } from "./row.ts";
import { renderTable } from "./table.ts";

/** Where and with what it was measured. */
export interface Setting {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly gateway: string;
}

export function describeSetting(command: string, gatewayVersion: string): Setting {
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return {
    command,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? "unknown make"}, ${gibibytes} GB, ${type()} ${release()}`,
    node: process.version,
    gateway: gatewayVersion,
  };
}

/** The file that keeps a run: one that anybody can compare with their own. */
export function renderResults(
  { command, date, machine, node, gateway }: Setting,
  figures: readonly Figure[],
  rows: readonly Row[],
): string {
  return `# Benchmark results

Written by \`${command}\` on ${date}: ${machine}, Node ${node}, Pushgateway ${gateway}.

Medians of runs in turn; each ratio compares what ran side by side in one run. A figure without a target is for
orientation. Memory in MB as \`ps\` counts it, 1,048,576 bytes; speeds in millions of bytes.

${renderTable(rows)}

## How it is measured

${figures.map(({ name, method }) => `- **${name}**: ${method}`).join("\n")}
`;
}
