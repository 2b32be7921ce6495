// npm run bench [-- [--large] [FIGURE…]]: measures, prints a table, and after a run of all figures writes RESULTS.md.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { installedGateways } from "../support/installed-gateways.ts";
import { projectRoot } from "../support/project-root.ts";
import { openBench, type Bench, type Figure } from "./bench.ts";
import { figures } from "./figures.ts";
import { formatSeconds } from "./format.ts";
import { describeSetting, renderResults } from "./results.ts";
import { CommandFailed, failedRow, type Row } from "./row.ts";
import { renderTable } from "./table.ts";

const names = figures.map(({ name }) => name).join(", ");

const { values, positionals } = parseArgs({
  options: { large: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((wanted) => !figures.some(({ name }) => name === wanted));
if (unknown.length > 0) fail(`there is no figure ${unknown.join(", ")}; there are: ${names}`);
if (process.platform !== "linux") fail("memory and processor time are read from /proc, which only Linux has");
const gateway = installedGateways.at(-1);
if (gateway === undefined) fail("there is no Pushgateway; sh .ci/setup fetches one");

// Whoever interrupts it leaves no gateways and no files behind: these go with the event `exit`.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const chosen = positionals.length === 0 ? figures : figures.filter(({ name }) => positionals.includes(name));
const rows: Row[] = [];
using bench = openBench(values.large);
for (const figure of chosen) rows.push(...(await measure(figure, bench)));
console.log(`\n${renderTable(rows)}`);
if (chosen.length === figures.length) {
  const command = `npm run bench${values.large ? " -- --large" : ""}`;
  const file = join(projectRoot, "test/bench/RESULTS.md");
  writeFileSync(file, renderResults(describeSetting(command, gateway.version), chosen, rows));
  console.log(`\nwritten to ${file}`);
}

/** One figure that fails leaves the others be. */
async function measure(figure: Figure, bench: Bench): Promise<readonly Row[]> {
  const startedAt = performance.now();
  const lines: Row[] = [];
  const add = (row: Row): void => {
    lines.push(row);
    console.error(`${figure.name}: ${row.figure}: ${row.measured}`);
  };
  const missing = (figure.needs ?? []).filter((program) => !isInstalled(program));
  try {
    if (missing.length > 0) throw new Error(`not installed: ${missing.join(", ")}`);
    for await (const row of figure.measure(bench)) add(row);
  } catch (error) {
    // What a measured program does wrong is a result.
    if (!(error instanceof CommandFailed)) {
      process.exitCode = 1;
      console.error(error);
    }
    add(failedRow(figure.name, error));
  }
  console.error(`${figure.name}: took ${formatSeconds((performance.now() - startedAt) / 1000)}`);
  return lines;
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}
