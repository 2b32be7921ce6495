import { ConfigError, parseNamed, type GatewaySource, type PushgatewaySettings } from "../config/config.ts";
import { demandExactly, demandMatching, type Demand } from "../core/decide.ts";
import { createLabels, formatLabels } from "../core/labels.ts";
import { formatMatcher, parseMatchers } from "../core/matcher.ts";
import { countOf } from "../core/printable.ts";
import type { GatewayReport } from "../core/report.ts";
import { countGroups } from "../core/totals.ts";
import { createSlots } from "../fleet/slots.ts";
import { sweepAll } from "../fleet/sweep-all.ts";
import { renderTable } from "../report/table.ts";
import { exitCodeOfKnown, exitCodes, sweepExitCode } from "./exit-code.ts";
import type { DeleteFlags } from "./flags.ts";
import { parseLabels } from "./parse-labels.ts";
import { wantsColor, writeAll, type Io } from "./io.ts";
import { printErrors, printReport } from "./print-report.ts";
import { createCommandLog } from "./progress.ts";
import { createCommandToPass, formatGiven, loadAndDiscover, renderFlags } from "./settings.ts";

/** `delete MATCHERS`: a sweep of the groups that a person selects. */
export async function deleteOnDemand(texts: readonly string[], flags: DeleteFlags, io: Io): Promise<number> {
  const { demand, words } = parseDemand(texts, flags);
  const { yes = false, source, "gateways.concurrency": concurrency } = flags;
  const discovered = await loadAndDiscover(flags, io, { ttlOptional: true });
  const { dryRun, pushgateways } = discovered.config;
  const { ask, stderr, stop } = io;
  if (!dryRun && !yes && ask === null) {
    throw new ConfigError(
      "delete asks before it deletes, and there is no terminal to ask at: --yes deletes without asking, --dry-run only shows what would go",
    );
  }
  const { log, progress, clear } = createCommandLog(flags["log.level"] ?? "warn", flags["log.format"], io);
  const declined = new Set<string>();
  // A gateway that hangs lets the next one begin, but there is one question at a time.
  const terminal = createSlots(1);
  const approve = async (plan: GatewayReport): Promise<boolean> => {
    const giveBack = await terminal.take();
    clear();
    const answer = ask === null || stop.aborted ? "" : await askAbout(plan, ask, flags.wide === true, io);
    giveBack();
    const isApproved = /^y(?:es)?$/i.test(answer.trim());
    if (!isApproved) declined.add(plan.name);
    return isApproved;
  };
  const asks = !yes && !dryRun;
  const report = await sweepAll(
    {
      ...discovered.config,
      rules: [],
      pushgateways:
        source === undefined ? pushgateways : pushgateways.map((gateway) => withSource(gateway, source)),
    },
    {
      world: io,
      log,
      progress,
      // Log lines about other gateways would hide the question.
      concurrency: asks ? 1 : concurrency,
      commandToPass: createCommandToPass(flags, ["delete", ...words]),
      demand,
      approve: asks ? approve : undefined,
    },
  );
  clear();
  const gateways = report.gateways.filter(({ name }) => !declined.has(name));
  for (const name of declined) stderr.write(`Nothing was deleted from ${name}.\n`);
  const isDone = gateways.some(({ entries }) => entries.some(({ outcome }) => outcome !== undefined));
  if (stop.aborted && !isDone) return io.signalExitCode();
  if (gateways.length === 0) return exitCodes.failed;
  if (report.gateways.every(({ snapshot }) => snapshot !== null) && !report.gateways.some(isSelected))
    stderr.write("No group matches.\n");
  await printReport({ ...report, gateways }, flags, io);
  printErrors({ ...report, gateways }, flags, io);
  const exitCode = exitCodeOfKnown(sweepExitCode({ ...report, gateways }), discovered.complete);
  return exitCode === exitCodes.done && declined.size > 0 ? exitCodes.failed : exitCode;
}

function isSelected({ entries }: GatewayReport): boolean {
  return entries.some(({ verdict }) => verdict.reason !== "not_selected");
}

function withSource(gateway: PushgatewaySettings, source: GatewaySource): PushgatewaySettings {
  return { ...gateway, source };
}

/** @returns also the words of a command line that demands the same */
function parseDemand(
  texts: readonly string[],
  { exact, olderThan, source }: DeleteFlags,
): { readonly demand: Demand; readonly words: readonly string[] } {
  const others = renderFlags({ "older-than": formatGiven(olderThan), source });
  if (exact === true) {
    const labels = parseLabels(texts);
    const words = ["--exact", formatLabels(labels), ...others];
    return { demand: demandExactly(labels, olderThan ?? null), words };
  }
  const matchers = texts.flatMap((text) => parseNamed("matchers", text, parseMatchers));
  // As in Prometheus: an empty variable in a script is not to select everything.
  if (matchers.every((matcher) => matcher.matches(createLabels([])))) {
    throw new ConfigError(
      'these matchers also match a group without labels: add one that needs a value, such as job=~".+"',
    );
  }
  const words = [matchers.map(formatMatcher).join(", "), ...others];
  return { demand: demandMatching(matchers, olderThan ?? null), words };
}

async function askAbout(
  plan: GatewayReport,
  ask: NonNullable<Io["ask"]>,
  wide: boolean,
  { stderr, clock, env }: Io,
): Promise<string> {
  const now = clock.now();
  const report = { startedAt: now, finishedAt: now, dryRun: true, rules: [], gateways: [plan] };
  const options = { columns: wide ? null : stderr.columns, color: wantsColor(stderr, env), terminal: true };
  await writeAll(renderTable(report, options), stderr);
  const { verdicts } = countGroups(plan.entries);
  return ask(`\nDelete ${countOf(verdicts.delete, "group")} from ${plan.name}? (y/N) `);
}
