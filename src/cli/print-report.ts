import type { SweepReport } from "../core/report.ts";
import { joinToBlocks } from "../report/text.ts";
import type { OutputFlags, OutputFormat } from "./flags.ts";
import { ConfigError } from "../config/config-error.ts";
import { wantsColor, writeAll, type Io } from "./io.ts";
import { writeWhole } from "./write-whole.ts";

/** @throws {@link ConfigError} before there is a report, if it could go nowhere */
export function checkOutputFlags({ output, outputFile }: OutputFlags): void {
  if (output === "none" && outputFile !== undefined)
    throw new ConfigError(
      "--output=none prints no report, so that nothing could be written to --output-file",
    );
}

/**
 * Prints a report, or writes it to a file.
 * @returns why it could not be written; null: it is written
 */
export async function printReport(report: SweepReport, flags: OutputFlags, io: Io): Promise<string | null> {
  const { stdout } = io;
  const file = flags.outputFile;
  // A file is no terminal: it has no colours, and no width to cut to.
  const terminal =
    file === undefined
      ? { columns: stdout.columns, color: wantsColor(stdout, io.env) }
      : { columns: null, color: false };
  const parts = await render(report, flags.output, terminal);
  // As readable as what a shell's `>` makes; the gateways' names and labels are no secret.
  const blocks = joinToBlocks(parts, blockLength);
  if (file !== undefined) {
    const problem = await writeWhole(file, blocks, 0o644, io);
    return problem === null ? null : `--output-file: ${problem}`;
  }
  await writeAll(blocks, stdout);
  return null;
}

/** The lines of a larger block would outlive V8's heap for what is new. */
const blockLength = 16 * 1024;

/** Every renderer is loaded when it is asked for. What it gives is to be put together as it is. */
async function render(
  report: SweepReport,
  format: OutputFormat,
  terminal: { readonly columns: number | null; readonly color: boolean },
): Promise<Iterable<string>> {
  switch (format) {
    case "table":
    case "summary":
      return (await import("../report/table.ts")).renderTable(report, {
        ...terminal,
        summary: format === "summary",
      });
    case "json":
      return (await import("../report/json-report.ts")).renderJson(report);
    case "csv":
      return (await import("../report/csv.ts")).renderCsv(report);
    case "markdown":
      return (await import("../report/markdown.ts")).renderMarkdown(report);
    case "html":
      return (await import("../report/html/page.ts")).renderHtml(report);
    case "none":
      return [];
  }
}
