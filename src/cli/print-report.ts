import type { SweepReport } from "../core/report.ts";
import type { OutputFlags, OutputFormat } from "./flags.ts";
import { wantsColor, writeAll, type Io } from "./io.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Prints a report, or writes it to a file, whole or not at all. What failed also goes to stderr, where a pipe does not
 * swallow it.
 * @returns false if it could not be written; stderr says why
 */
export async function printReport(report: SweepReport, flags: OutputFlags, io: Io): Promise<boolean> {
  const { stdout, stderr } = io;
  const file = flags.outputFile;
  // A file is no terminal: it has no colours, and no width to cut to.
  const terminal =
    file === undefined
      ? { columns: stdout.columns, color: wantsColor(stdout, io.env) }
      : { columns: null, color: false };
  const parts = await render(report, flags.output, terminal);
  // As readable as what a shell's `>` makes; the gateways' names and labels are no secret.
  const blocks = joinToBlocks(parts);
  const problem = file === undefined ? null : await writeWhole(file, blocks, 0o644, io);
  if (file === undefined) await writeAll(blocks, stdout);
  if (problem !== null) stderr.write(`--output-file: ${problem}\n`);
  if (file === undefined && stdout.isTTY && flags.output === "table") return true;
  for (const { name, status, error } of report.gateways) {
    if (error !== null) stderr.write(`${name}: ${status}: ${error.message}\n`);
  }
  return problem === null;
}

/** One write for a line would take longer than the line; the lines of a large block would outlive V8's heap for what is new. */
const blockLength = 16 * 1024;

function* joinToBlocks(parts: Iterable<string>): Generator<string> {
  let block = "";
  for (const part of parts) {
    block += part;
    if (block.length < blockLength) continue;
    yield block;
    block = "";
  }
  if (block !== "") yield block;
}

/** Every renderer is loaded when it is asked for. What it gives is to be put together as it is. */
async function render(
  report: SweepReport,
  format: OutputFormat,
  terminal: { readonly columns: number | null; readonly color: boolean },
): Promise<Iterable<string>> {
  switch (format) {
    case "table":
      return (await import("../report/table.ts")).renderTable(report, terminal);
    case "json":
      return (await import("../report/json.ts")).renderJson(report);
    case "csv":
      return (await import("../report/csv.ts")).renderCsv(report);
    case "markdown":
      return (await import("../report/markdown.ts")).renderMarkdown(report);
    case "html":
      return (await import("../report/html-report.ts")).renderHtml(report);
  }
}
