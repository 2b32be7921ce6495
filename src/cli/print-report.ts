import { groupBy } from "../core/group-by.ts";
import type { GatewayReport, SweepReport } from "../core/report.ts";
import type { Rule } from "../core/rule.ts";
import { joinToBlocks, showText, withoutAddresses } from "../report/text.ts";
import type { TableOptions } from "../report/table.ts";
import type { OutputFlags, OutputFormat } from "./flags.ts";
import { ConfigError } from "../config/config.ts";
import { wantsColor, writeAll, type Io } from "./io.ts";
import { writeOutputFile } from "./output-file.ts";

/** @throws {@link ConfigError} before there is a report, if it could go nowhere */
export function checkOutputFlags({ output, outputFile }: OutputFlags): void {
  if (output === "none" && outputFile !== undefined)
    throw new ConfigError(
      "--output=none prints no report, so that nothing could be written to --output-file",
    );
}

/** Prints those errors of gateways that are not in the printed report. The table has those of limits, which are results. */
export function printErrors(
  { gateways }: SweepReport,
  { output, outputFile }: OutputFlags,
  { stderr }: Io,
): void {
  const isPrinted = ({ status }: GatewayReport): boolean => {
    if (outputFile !== undefined || output === "csv" || output === "none") return false;
    return status === "withheld" || (output !== "table" && output !== "summary");
  };
  const others = gateways.filter((gateway) => !isPrinted(gateway));
  for (const line of renderErrors(others)) stderr.write(`${line}\n`);
}

/** Why sweeps failed or were withheld. Errors that differ only in addresses are one line, which names all of their gateways. */
function renderErrors(gateways: readonly GatewayReport[]): readonly string[] {
  const failed = gateways.flatMap(({ name, url, status, error }) =>
    error === null ? [] : [{ name, url, what: `${status}: ${error.message}` }],
  );
  return [...groupBy(failed, ({ what, url }) => withoutAddresses(what, url))].map(([shared, same]) => {
    const names = same.map(({ name }) => name).join(", ");
    return showText(
      same.length === 1 ? `${names}: ${same[0]?.what}` : `${same.length} gateways ${shared} (${names})`,
    );
  });
}

interface PrintOptions extends Pick<TableOptions, "selection" | "commandToTry"> {
  /** Those that decided; null: others did. */
  readonly rules?: readonly Rule[] | null;
}

/**
 * Prints a report, or writes it to a file.
 * @returns why it could not be written; null: it is written
 */
export async function printReport(
  report: SweepReport,
  flags: OutputFlags & { readonly wide?: boolean | undefined },
  io: Io,
  { selection = {}, commandToTry, rules = null }: PrintOptions = {},
): Promise<string | null> {
  const { stdout } = io;
  const file = flags.outputFile;
  const terminal = file === undefined && stdout.isTTY;
  const parts = await render(report, flags.output, {
    terminal,
    selection,
    commandToTry,
    rules,
    columns: terminal && flags.wide !== true ? stdout.columns : null,
    color: terminal && wantsColor(stdout, io.env),
  });
  // As readable as what a shell's `>` makes; the gateways' names and labels are no secret.
  const blocks = joinToBlocks(parts, blockLength);
  if (file !== undefined) {
    const problem = await writeOutputFile(file, blocks, 0o644, io);
    return problem === null ? null : `--output-file: ${problem}`;
  }
  await writeAll(blocks, stdout);
  return null;
}

/** The lines of larger blocks would be moved to the old generation of V8's heap. */
const blockLength = 16 * 1024;

/** Every renderer is loaded when it is asked for. What it gives is to be put together as it is. */
async function render(
  report: SweepReport,
  format: OutputFormat,
  options: TableOptions & Pick<PrintOptions, "rules">,
): Promise<Iterable<string>> {
  const { selection, commandToTry, rules } = options;
  const ages = commandToTry !== undefined;
  switch (format) {
    case "table":
    case "summary":
      return (await import("../report/table.ts")).renderTable(report, {
        ...options,
        summary: format === "summary",
      });
    case "json":
      return (await import("../report/json-report.ts")).renderJson(report, selection, ages);
    case "csv":
      if (ages) return (await import("../report/ages.ts")).renderAgesCsv(report, selection);
      return (await import("../report/csv.ts")).renderCsv(report, selection);
    case "markdown":
      return (await import("../report/markdown.ts")).renderMarkdown(report, selection);
    case "html":
      return (await import("../report/html/page.ts")).renderHtml(report, selection, rules);
    case "none":
      return [];
  }
}
