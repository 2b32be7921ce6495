import { ArchiveError } from "../archive/file-access.ts";
import { readLatestGroups, type GroupSelection } from "../archive/history.ts";
import { ConfigError, NoGatewayError, type Config } from "../config/config.ts";
import { formatAge, formatDuration } from "../core/duration.ts";
import { isOwnGroup } from "../core/group.ts";
import { formatShortLabels, type Labels } from "../core/labels.ts";
import { countOf } from "../core/printable.ts";
import { firstMatch } from "../core/rule.ts";
import { formatTime, formatWholeSecond } from "../core/time.ts";
import {
  createTargetOf,
  recordRestored,
  restoreGroups,
  type RestoreResult,
  type TargetOf,
} from "../fleet/restore.ts";
import { createRowPrinter } from "../report/row-printer.ts";
import { findArchive, parseSelection } from "./archive-selection.ts";
import { exitCodes } from "./exit-code.ts";
import type { RestoreFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { createProgressLine } from "./progress.ts";
import { gatewayFromUrl, loadAndDiscover, loadSettings } from "./settings.ts";

/** `restore [ARCHIVE]`: pushes deleted groups back, each as it was last. */
export async function restore(named: string | undefined, flags: RestoreFlags, io: Io): Promise<number> {
  const { all = false, dryRun = false, overwrite = false } = flags;
  const { accepts, isSelective } = parseSelection(flags);
  if (all === isSelective) throw new ConfigError(all ? allAndFilter : neitherAllNorFilter);
  const { config, targetOf } = await findTargets(flags, io);
  const path = await findArchive(named, flags);
  const { stdout, stderr, stop } = io;
  const progress = createProgressLine(io);
  const columns = createRowPrinter(["OUTCOME", "DELETED", "EXPIRES", "GATEWAY", "RULE", "GROUP"], {
    write(text) {
      progress.wipe();
      stdout.write(text);
    },
    maxWidth: flags.wide === true ? null : stdout.columns,
  });
  const formatMoment = flags.wide !== true && stdout.columns !== null ? formatWholeSecond : formatTime;
  const reasons = new Set<string>();
  const counts = { restored: 0, would_restore: 0, exists: 0, failed: 0, lossy: 0 };
  let archive = "complete" as ArchiveState;
  /** By the gateway they were deleted from and are back in. */
  const restored = new Map<string, Labels[]>();
  const targets = new Map<string, number>();
  let total = 0;
  let [startedAt, done] = [0, 0];
  try {
    const selection: GroupSelection = {
      accepts(record) {
        progress.draw("reading the archive");
        return accepts(record);
      },
      mergeGateways: flags.gateway !== undefined,
      onCounted(groups) {
        total = groups;
        startedAt = io.clock.monotonic();
      },
    };
    const groups = readLatestGroups(path, selection, ({ text, isLoss }) => {
      progress.wipe();
      stderr.write(`${text}\n`);
      if (isLoss) archive = "damaged";
    });
    for await (const result of restoreGroups(groups, targetOf, { dryRun, overwrite }, io)) {
      const { record, outcome, target } = result;
      const { at, gateway, rule, labels } = record;
      counts[outcome] += 1;
      done += 1;
      const secondsLeft = ((io.clock.monotonic() - startedAt) / done) * (total - done);
      progress.draw(`restoring ${done}/${total}, ${formatAge(secondsLeft)} left`);
      const isBack = outcome === "restored" || outcome === "would_restore";
      if (isBack && target !== null) targets.set(target.url, (targets.get(target.url) ?? 0) + 1);
      if (result.losses.length > 0) counts.lossy += 1;
      if (outcome === "restored" && target?.name === gateway)
        restored.set(gateway, [...(restored.get(gateway) ?? []), labels]);
      columns.add([
        outcomeWords[outcome],
        formatMoment(at),
        isBack ? describeExpiry(record, config) : "-",
        gateway,
        rule ?? "-",
        formatShortLabels(labels),
      ]);
      // A gateway that is down fails every group for the same reason.
      if (result.reason !== null && !reasons.has(result.reason)) columns.remark(result.reason);
      if (result.reason !== null) reasons.add(result.reason);
      for (const loss of result.losses) columns.remark(`lost: ${loss}`);
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    archive = "unreadable";
    stderr.write(`${error.message}\n`);
  } finally {
    progress.end();
    columns.end();
  }
  stdout.write(describeCounts(counts, dryRun, archive, stop.aborted, path));
  for (const [url, groups] of targets) stdout.write(`${countOf(groups, "group")} to ${url}\n`);
  await noteRestored(config, restored, io);
  if (stop.aborted && counts.restored === 0) return io.signalExitCode();
  if (counts.failed === 0 && archive !== "unreadable" && !stop.aborted)
    return archive === "damaged" ? exitCodes.partial : exitCodes.done;
  return counts.restored + counts.would_restore + counts.exists === 0 ? exitCodes.failed : exitCodes.partial;
}

const neitherAllNorFilter =
  "restore needs to know which groups to put back: select them with --match, --from, --since or --until, " +
  "or take all that the archive holds with --all (`archive list` shows them)";
const allAndFilter = "--all and --match, --from, --since or --until exclude each other";

const outcomeWords = {
  restored: "restored",
  would_restore: "to restore",
  exists: "skipped",
  failed: "failed",
};

/** When a rule deletes the group again at the earliest: a restored group counts as pushed now. */
function describeExpiry(
  { labels, rule: deletedBy }: { readonly labels: Labels; readonly rule: string | null },
  config: Config | null,
): string {
  if (config === null) return "?";
  const rule = isOwnGroup(labels) ? null : firstMatch(config.rules, labels);
  if (rule === null || rule.action !== "delete") return "never";
  const { name, ttlSeconds, vanished, ttlMetric, ttlLabel } = rule;
  const others = [vanished?.ttlSeconds, ttlMetric?.minSeconds, ttlLabel?.minSeconds];
  const earliest = Math.min(ttlSeconds, ...others.filter((seconds) => seconds !== undefined));
  return `in ${formatDuration(earliest)}${earliest < ttlSeconds ? " or later" : ""}${name === deletedBy ? "" : ` (${name})`}`;
}

type ArchiveState = "complete" | "damaged" | "unreadable";

function describeCounts(
  counts: Record<RestoreResult["outcome"] | "lossy", number>,
  dryRun: boolean,
  archive: ArchiveState,
  interrupted: boolean,
  path: string,
): string {
  const { restored, would_restore: wouldRestore, exists, failed, lossy } = counts;
  const isEmpty = restored + wouldRestore + exists + failed === 0;
  if (isEmpty && archive === "unreadable") return "";
  if (isEmpty && archive === "complete" && !interrupted) return `Nothing in ${path} matches.\n`;
  const parts = [
    dryRun ? `${wouldRestore} to restore` : `${restored} restored`,
    ...(exists > 0 ? [`${exists} skipped because they exist`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(lossy > 0 ? [`${lossy} not the same as before`] : []),
    ...(interrupted ? ["interrupted"] : []),
    ...(archive === "damaged" ? ["the archive is damaged: what could not be read is not restored"] : []),
  ];
  return `\n${parts.join(", ")}\n`;
}

/** Groups go to the gateway of their record, as the configuration knows it, or all to the one that is named. */
async function findTargets(
  flags: RestoreFlags,
  io: Io,
): Promise<{ config: Config | null; targetOf: TargetOf }> {
  const { gateway: url, "config.file": file } = flags;
  if (url !== undefined) {
    const config = file === undefined ? null : await loadWithGatewaysIfKnown(file, io);
    const settings = config?.pushgateways.find((gateway) => gateway.url === url) ?? gatewayFromUrl(url);
    return { config, targetOf: () => settings };
  }
  const options = { insteadOfFile: "restore into --gateway=URL" };
  const { config } = await loadAndDiscover(file === undefined ? {} : { "config.file": file }, io, options);
  const warn = (warning: string): void => io.stderr.write(`${warning}\n`);
  return { config, targetOf: createTargetOf(config.pushgateways, warn) };
}

/** With `--gateway` the file is needed only for credentials, which a gateway that is not found does not have. */
async function loadWithGatewaysIfKnown(file: string, io: Io): Promise<Config> {
  try {
    return (await loadAndDiscover({ "config.file": file }, io)).config;
  } catch (error) {
    if (!(error instanceof NoGatewayError)) throw error;
    return (await loadSettings({ "config.file": file })).config;
  }
}

async function noteRestored(
  config: Config | null,
  restored: ReadonlyMap<string, readonly Labels[]>,
  io: Io,
): Promise<void> {
  if (config === null || config.archive === null || restored.size === 0) return;
  try {
    await recordRestored(config.archive, restored, io);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    io.stderr.write(
      `The archive does not know of the restored groups, so they may be counted as reappeared: ${error.message}\n`,
    );
  }
}
