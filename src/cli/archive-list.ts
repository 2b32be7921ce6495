import { ArchiveError } from "../archive/file-access.ts";
import { readHistory, type HistoryEntry } from "../archive/history.ts";
import type { OnArchiveProblem } from "../archive/read-archive.ts";
import { formatAge } from "../core/duration.ts";
import { stringifyPrintable } from "../core/json.ts";
import { formatShortLabels, labelsToObject } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";
import { parseSelection } from "./archive-selection.ts";
import type { ArchiveListFlags } from "./flags.ts";
import { createRowPrinter } from "../report/row-printer.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** `archive list ARCHIVE`: what was deleted, when, by which rule, and what came back. */
export async function archiveList(path: string, flags: ArchiveListFlags, io: Io): Promise<number> {
  const { accepts } = parseSelection(flags);
  const printer = flags.output === "json" ? createJsonPrinter(io) : createTablePrinter(io);
  let exitCode: number = exitCodes.done;
  let matched = false;
  const tell: OnArchiveProblem = ({ text, isLoss }) => {
    io.stderr.write(`${text}\n`);
    if (isLoss) exitCode = exitCodes.partial;
  };
  try {
    for await (const entry of readHistory(path, tell)) {
      if (io.stop.aborted) return io.signalExitCode();
      if (io.stdout.ended) break;
      if (!accepts(entry.record)) continue;
      matched = true;
      printer.add(entry);
      await io.stdout.drained();
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    io.stderr.write(`${error.message}\n`);
    exitCode = exitCodes.failed;
  }
  printer.end();
  if (!matched && exitCode === exitCodes.done) io.stderr.write("Nothing in the archive matches.\n");
  return exitCode;
}

interface Printer {
  add(entry: HistoryEntry): void;
  end(): void;
}

const outcomeWords = {
  accepted: "accepted",
  gone: "deleted",
  gone_already: "gone already",
  pushed_again: "pushed again",
  still_there: "still there",
  failed: "failed",
} as const;

function createTablePrinter({ stdout }: Io): Printer {
  const columns = createRowPrinter(["TIME", "STATE", "GATEWAY", "RULE", "AGE", "SERIES", "GROUP"], stdout);
  return {
    add(entry) {
      const { at, gateway, labels } = entry.record;
      if (entry.kind === "mark") {
        columns.add([formatTime(at), entry.record.kind, gateway, "-", "-", "-", formatShortLabels(labels)]);
        return;
      }
      const { rule, ageSeconds, series } = entry.record;
      const state = entry.outcome === null ? "unconfirmed" : outcomeWords[entry.outcome];
      const age = ageSeconds === null ? "?" : formatAge(ageSeconds);
      columns.add([
        formatTime(at),
        state,
        gateway,
        rule ?? "-",
        age,
        String(series),
        formatShortLabels(labels),
      ]);
    },
    end: () => columns.end(),
  };
}

/** Grows when a field changes its meaning or goes; new fields do not count. */
const schemaVersion = 1;

/** One JSON value, written as it comes: the archive may be longer than the memory. */
function createJsonPrinter({ stdout }: Io): Printer {
  let separator = `{"schema_version": ${schemaVersion}, "events": [\n`;
  return {
    add(entry) {
      stdout.write(`${separator}  ${stringifyPrintable(toJson(entry))}`);
      separator = ",\n";
    },
    end: () => stdout.write(separator === ",\n" ? "\n]}\n" : `${separator}]}\n`),
  };
}

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
