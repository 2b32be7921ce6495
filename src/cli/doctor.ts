import { createArchive, type Archive } from "../archive/archive.ts";
import { ConfigError, type Config, type PushgatewaySettings } from "../config/config.ts";
import { formatLabels } from "../core/labels.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { conditionOf } from "../doctor/diagnosis.ts";
import { examine, type DoctorReport } from "../doctor/examine.ts";
import type { HealArchive } from "../doctor/heal.ts";
import { renderDoctorJson } from "../doctor/render-json.ts";
import { renderDoctorText, type DoctorTextOptions } from "../doctor/render-text.ts";
import { readServerOptions } from "../fleet/connect.ts";
import type { Discovered } from "../fleet/discover.ts";
import { createHttpClient } from "../http/client.ts";
import { RequestError } from "../http/request-error.ts";
import { createStyle } from "../report/text.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultConfigFile, type DoctorFlags } from "./flags.ts";
import { wantsColor, type Io } from "./io.ts";
import { loadAndDiscover } from "./settings.ts";

/** `doctor`: checks whether the gateway is consistent, names the group that breaks it, and measures a push. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  if (flags.release !== undefined && flags.heal !== true)
    throw new ConfigError("--release needs --heal beside it");
  const { config, complete } = await findGateways(flags, io);
  const { clock, stdout, stderr, stop } = io;
  // Its folder is created with the first group: a doctor that deletes nothing does not need it.
  const archive =
    config.archive === null ? null : createArchive({ ...config.archive, now: () => clock.now() });
  const reports: DoctorReport[] = [];
  try {
    // One after the other, so that the doctor's own requests do not disturb what is measured.
    for (const gateway of config.pushgateways)
      reports.push(await examineGateway(gateway, config, flags, io, archive));
  } catch (error) {
    if (error instanceof RequestError && stop.aborted) return io.signalExitCode();
    throw error;
  } finally {
    await archive?.close();
  }
  if (stop.aborted && reports.every(({ healing }) => healing === null)) return io.signalExitCode();
  for (const labels of findIdleReleases(flags.release ?? [], reports))
    stderr.write(`--release=${labels}: no group of a finding is written like that\n`);
  stdout.write(flags.output === "json" ? renderDoctorJson(reports) : renderTexts(reports, config, flags, io));
  const exitCode = doctorExitCode(reports);
  return complete || exitCode !== exitCodes.done ? exitCode : exitCodes.failed;
}

/** `--gateway` is enough: without `--ttl` there are no rules, and expired groups are not counted. */
async function findGateways(flags: DoctorFlags, io: Io): Promise<Discovered> {
  if (flags.gateway === undefined || flags.ttl !== undefined) return loadAndDiscover(flags, io);
  const discovered = await loadAndDiscover({ ...flags, ttl: 86_400 }, io);
  return { ...discovered, config: { ...discovered.config, rules: [] } };
}

async function examineGateway(
  settings: PushgatewaySettings,
  { rules, limits }: Config,
  flags: DoctorFlags,
  { env, clock, wait, stop: signal }: Io,
  archive: Archive | null,
): Promise<DoctorReport> {
  const { name, url } = settings;
  const client = createHttpClient(await readServerOptions(settings, env));
  try {
    return await examine({
      name,
      url,
      client,
      clock,
      wait,
      signal,
      rules,
      limits,
      gauges: ttlMetricNames(rules),
      archive: archive === null ? null : healArchive(archive, settings),
      released: new Set(flags.release),
      mayLose: !flags.archive,
      heal: flags.heal === true,
      probe: flags.probe === true,
    });
  } finally {
    await client.close();
  }
}

function healArchive(archive: Archive, { name, url }: PushgatewaySettings): HealArchive {
  const verdict = { reason: "inconsistent" } as const;
  const undecided = { rule: null, verdict, ageSeconds: null, ttlSeconds: null };
  return {
    append: (group, raw) => archive.append([{ gateway: name, url, decision: { ...undecided, group }, raw }]),
    recordOutcome: (key, outcome) => archive.recordOutcomes(name, [[key, outcome]]),
  };
}

/** A mistyped `--release` would otherwise seem to have no effect. */
function findIdleReleases(releases: readonly string[], reports: readonly DoctorReport[]): readonly string[] {
  const culprits = reports.flatMap(({ diagnosis }) =>
    diagnosis.findings.flatMap(({ sides }) => sides.flat()),
  );
  const known = new Set(culprits.map(({ labels }) => formatLabels(labels)));
  return releases.filter((labels) => !known.has(labels));
}

function renderTexts(
  reports: readonly DoctorReport[],
  config: Config,
  flags: DoctorFlags,
  { stdout, env }: Io,
): string {
  const style = createStyle(wantsColor(stdout, env));
  const common = { style, terminal: stdout.isTTY, archive: config.archive !== null };
  // A file, if given, has the credentials of its gateways.
  const sourceOf = (name: string, url: string): DoctorTextOptions["source"] => {
    if (flags.gateway !== undefined) return { doctor: [`--gateway=${url}`], delete: [`--gateway=${url}`] };
    const file = `--config.file=${flags["config.file"] ?? defaultConfigFile}`;
    return { doctor: [file], delete: [file, `--only=${name}`] };
  };
  return reports
    .map((report) => {
      const { name, url } = report.diagnosis;
      return renderDoctorText(report, { ...common, source: sourceOf(name, url) });
    })
    .join("\n");
}

/** An inconsistent gateway outranks one that did not answer: inconsistencies are what this command searches for. */
function doctorExitCode(reports: readonly DoctorReport[]): number {
  const conditions = reports.map(({ diagnosis, healing }) => conditionOf(healing?.after ?? diagnosis));
  if (conditions.includes("inconsistent")) return exitCodes.inconsistent;
  return conditions.every((condition) => condition === "healthy") ? exitCodes.done : exitCodes.failed;
}
