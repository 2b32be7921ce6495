import { createArchive } from "../archive/archive.ts";
import {
  type ArchiveSettings,
  type Config,
  type PushgatewaySettings,
  ConfigError,
} from "../config/config.ts";
import type { Clock } from "../core/time.ts";
import { formatLabels } from "../core/labels.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { conditionOf, type Diagnosis } from "../doctor/diagnosis.ts";
import { examine, type DoctorReport } from "../doctor/examine.ts";
import type { HealArchive } from "../doctor/heal.ts";
import { renderDoctorJson } from "../doctor/render-json.ts";
import { renderDoctorText } from "../doctor/render-text.ts";
import { createHttpClient } from "../http/client.ts";
import { RequestError } from "../http/request-error.ts";
import { createStyle } from "../report/text.ts";
import { discover } from "../fleet/discover.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultConfigFile, type DoctorFlags } from "./flags.ts";
import { wantsColor, type Io } from "./io.ts";
import { readServerOptions } from "../fleet/connect.ts";
import { loadSettings, type LoadedSettings } from "./settings.ts";

/** `doctor`: checks whether the gateway is consistent, names the group that breaks it, and measures a push. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  if (flags.release !== undefined && flags.heal !== true)
    throw new ConfigError("--release needs --heal beside it");
  const warn = (warning: string): void => io.stderr.write(`${warning}\n`);
  const settings = await loadDoctorSettings(flags);
  settings.warnings.forEach(warn);
  const { config, complete } = await discover(settings.config, { world: io, warn });
  const archives = config.archive === null ? null : createHealArchives(config.archive, io.clock);
  const reports: DoctorReport[] = [];
  try {
    // One after the other, so that our own requests do not disturb what is measured.
    for (const gateway of config.pushgateways) {
      reports.push(await examineGateway(gateway, config, flags, io, archives?.ofGateway(gateway) ?? null));
    }
  } catch (error) {
    if (error instanceof RequestError && io.stop.aborted) return io.signalExitCode();
    throw error;
  } finally {
    await archives?.close();
  }
  if (io.stop.aborted && reports.every(({ healing }) => healing === null)) return io.signalExitCode();
  warnOfIdleReleases(flags.release ?? [], reports, io);
  io.stdout.write(
    flags.output === "json" ? renderDoctorJson(reports) : renderTexts(reports, config, flags, io),
  );
  const exitCode = doctorExitCode(reports);
  return complete || exitCode !== exitCodes.done ? exitCode : exitCodes.failed;
}

/** `--gateway` is enough: without `--ttl` there are no rules, and expired groups are not counted. */
async function loadDoctorSettings(flags: DoctorFlags): Promise<LoadedSettings> {
  if (flags.gateway === undefined || flags.ttl !== undefined) return loadSettings(flags);
  const { config, warnings } = await loadSettings({ ...flags, ttl: 86_400 });
  return { config: { ...config, rules: [] }, warnings };
}

/** Nothing is written before the first group: a doctor that deletes nothing does not need the folder. */
function createHealArchives(settings: ArchiveSettings, clock: Clock) {
  const archive = createArchive({ ...settings, now: () => clock.now() });
  return {
    ofGateway({ name, url }: PushgatewaySettings): HealArchive {
      return {
        append(group, whole) {
          const verdict = { reason: "inconsistent" } as const;
          const decision = { group, rule: null, verdict, ageSeconds: null, ttlSeconds: null };
          return archive.append([{ gateway: name, url, decision, whole }]);
        },
        recordOutcome: (key, outcome) => archive.recordOutcomes(name, [[key, outcome]]),
      };
    },
    close: () => archive.close(),
  };
}

async function examineGateway(
  settings: PushgatewaySettings,
  { rules, limits }: Config,
  flags: DoctorFlags,
  { env, clock, wait, stop: signal }: Io,
  archive: HealArchive | null,
): Promise<DoctorReport> {
  const client = createHttpClient(await readServerOptions(settings, env));
  try {
    return await examine({
      name: settings.name,
      url: settings.url,
      client,
      clock,
      wait,
      signal,
      rules,
      limits,
      gauges: ttlMetricNames(rules),
      archive,
      released: new Set(flags.release),
      mayLose: !flags.archive,
      heal: flags.heal === true,
      probe: flags.probe === true,
    });
  } finally {
    await client.close();
  }
}

/** A mistyped `--release` would look like one that does not help. */
function warnOfIdleReleases(
  releases: readonly string[],
  reports: readonly DoctorReport[],
  { stderr }: Io,
): void {
  const culprits = reports.flatMap(({ diagnosis }) =>
    diagnosis.findings.flatMap(({ sides }) => sides.flat()),
  );
  const known = new Set(culprits.map(({ labels }) => formatLabels(labels)));
  for (const labels of releases) {
    if (!known.has(labels)) stderr.write(`--release=${labels}: no group of a finding is written like that\n`);
  }
}

function renderTexts(
  reports: readonly DoctorReport[],
  config: Config,
  flags: DoctorFlags,
  { stdout, env }: Io,
): string {
  const style = createStyle(wantsColor(stdout, env));
  const common = { style, terminal: stdout.isTTY, archive: config.archive !== null };
  return reports
    .map((report) => renderDoctorText(report, { ...common, source: sourceOf(flags, report.diagnosis) }))
    .join("\n");
}

/** The flags that name this gateway again; a file, if given, has its credentials. */
function sourceOf(flags: DoctorFlags, { url }: Diagnosis): readonly string[] {
  return flags.gateway === undefined
    ? [`--config.file=${flags["config.file"] ?? defaultConfigFile}`]
    : [`--gateway=${url}`];
}

/** An inconsistent gateway outranks one that did not answer: inconsistencies are what this command searches for. */
function doctorExitCode(reports: readonly DoctorReport[]): number {
  const conditions = reports.map(({ diagnosis, healing }) => conditionOf(healing?.after ?? diagnosis));
  if (conditions.includes("inconsistent")) return exitCodes.inconsistent;
  return conditions.every((condition) => condition === "healthy") ? exitCodes.done : exitCodes.failed;
}
