import { ArchiveError } from "../archive/file-access.ts";
import { readHistory, type HistoryEntry } from "../archive/history.ts";
import type { OnArchiveProblem } from "../archive/read-archive.ts";
import type { ArchivedOutcome } from "../archive/records.ts";
import { formatAge } from "../core/duration.ts";
import { stringifyPrintable } from "../core/json.ts";
import { formatLabels, formatShortLabels, labelsToObject } from "../core/labels.ts";
import { countOf } from "../core/printable.ts";
import { formatTime, formatWholeSecond } from "../core/time.ts";
import { findArchive, parseSelection } from "./archive-selection.ts";
import type { ArchiveListFlags } from "./flags.ts";
import { byteOrderMark, renderCsvLine } from "../report/csv.ts";
import { createRowPrinter } from "../report/row-printer.ts";
import { escapeText } from "../report/text.ts";
import { fates } from "../report/view.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io, Output } from "./io.ts";

/** `archive list [ARCHIVE]`: what was deleted, when, by which rule, and what came back. */
export async function archiveList(
  named: string | undefined,
  flags: ArchiveListFlags,
  io: Io,
): Promise<number> {
  const { accepts } = parseSelection(flags);
  const { limit = Number.POSITIVE_INFINITY, output } = flags;
  const path = await findArchive(named, flags);
  const { stdout, stderr, stop } = io;
  const printer = printers[output](stdout, flags.wide === true ? null : stdout.columns);
  let exitCode: number = exitCodes.done;
  let [matched, printed] = [0, 0];
  const isWanted = ({ record }: HistoryEntry): boolean => {
    if (stop.aborted || stdout.ended || !accepts(record)) return false;
    matched += 1;
    return printed < limit;
  };
  const onProblem: OnArchiveProblem = ({ text, isLoss }) => {
    stderr.write(`${text}\n`);
    if (isLoss) exitCode = exitCodes.partial;
  };
  try {
    for await (const entry of readHistory(path, isWanted, onProblem, limit)) {
      if (stop.aborted) break;
      if (printed === limit || stdout.ended) continue;
      printed += 1;
      printer.add(entry);
      await stdout.drained();
    }
    if (stop.aborted) return io.signalExitCode();
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    stderr.write(`${error.message}\n`);
    exitCode = exitCodes.failed;
  }
  printer.end();
  if (matched > 0) stderr.write(describeCount(matched, printed));
  else if (exitCode === exitCodes.done) stderr.write(`Nothing in ${path} matches.\n`);
  return exitCode;
}

function describeCount(matched: number, printed: number): string {
  const entries = countOf(matched, "entry", "entries");
  return printed < matched ? `${printed} of ${entries} printed\n` : `${entries}\n`;
}

interface Printer {
  add(entry: HistoryEntry): void;
  end(): void;
}

function createTablePrinter(stdout: Output, maxWidth: number | null): Printer {
  // A terminal has more room for the group without them.
  const withDetails = maxWidth === null;
  const series = withDetails ? ["SERIES"] : [];
  const titles = ["TIME", "STATE", "GATEWAY", "RULE", "AGE", ...series, "GROUP"];
  const columns = createRowPrinter(titles, { write: (text) => stdout.write(text), maxWidth });
  return {
    add(entry) {
      const { at, gateway, labels } = entry.record;
      columns.add([
        withDetails ? formatTime(at) : formatWholeSecond(at),
        ...(entry.kind === "mark" ? [entry.record.kind, gateway, "-", "-"] : describeDeletion(entry)),
        ...series.map(() => (entry.kind === "mark" ? "-" : String(entry.record.series))),
        formatShortLabels(labels),
      ]);
    },
    end: () => columns.end(),
  };
}

function describeDeletion({
  record,
  outcome,
}: Extract<HistoryEntry, { kind: "deletion" }>): readonly string[] {
  const { gateway, rule, ageSeconds } = record;
  return [describeOutcome(outcome), gateway, rule ?? "-", ageSeconds === null ? "?" : formatAge(ageSeconds)];
}

function describeOutcome(outcome: ArchivedOutcome | null): string {
  if (outcome === null) return "unconfirmed";
  return outcome === "accepted" ? outcome : fates[outcome];
}

/** Grows when a field changes its meaning or goes; new fields do not count. */
const schemaVersion = 1;

/** One JSON value, written as it comes: the archive may be longer than the memory. */
function createJsonPrinter(stdout: Output): Printer {
  let separator = `{"schema_version": ${schemaVersion}, "events": [\n`;
  return {
    add(entry) {
      stdout.write(`${separator}  ${stringifyPrintable(toJson(entry))}`);
      separator = ",\n";
    },
    end: () => stdout.write(separator === ",\n" ? "\n]}\n" : `${separator}]}\n`),
  };
}

const csvColumns = [
  "at",
  "event",
  "gateway",
  "labels",
  "outcome",
  "rule",
  "reason",
  "age_seconds",
  "ttl_seconds",
  "last_success_at",
  "last_failure_at",
  "series",
] as const;

function createCsvPrinter(stdout: Output): Printer {
  stdout.write(`${byteOrderMark}${renderCsvLine(csvColumns)}`);
  return {
    add(entry) {
      const cells = { ...toJson(entry), labels: formatLabels(entry.record.labels) } as EntryCells;
      stdout.write(renderCsvLine(csvColumns.map((column) => escape(cells[column]))));
    },
    end: () => {},
  };
}

function escape(cell: string | number | null | undefined): string | number | null {
  return typeof cell === "string" ? escapeText(cell) : (cell ?? null);
}

type EntryCells = Readonly<Partial<Record<(typeof csvColumns)[number], string | number | null>>>;

const printers = { table: createTablePrinter, json: createJsonPrinter, csv: createCsvPrinter };

function toJson(entry: HistoryEntry): object {
  const { at, gateway, labels } = entry.record;
  const common = { at: formatTime(at), gateway, labels: labelsToObject(labels) };
  if (entry.kind === "mark") return { event: entry.record.kind, ...common };
  const { url, rule, reason, ageSeconds, ttlSeconds, lastSuccessAt, lastFailureAt, series, losses } =
    entry.record;
  return {
    event: "deletion",
    ...common,
    gateway_url: url,
    outcome: entry.outcome,
    rule,
    reason,
    age_seconds: ageSeconds,
    ttl_seconds: ttlSeconds,
    last_success_at: formatTime(lastSuccessAt),
    last_failure_at: formatTime(lastFailureAt),
    series,
    losses,
  };
}
