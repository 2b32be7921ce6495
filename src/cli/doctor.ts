import type { Config, PushgatewaySettings } from "../config/config.ts";
import { conditionOf, type Diagnosis } from "../core/diagnosis.ts";
import type { Cleaning, DoctorReport } from "../core/doctor-report.ts";
import { createPlan } from "../core/plan.ts";
import { formatLabels } from "../core/labels.ts";
import { countGroups } from "../core/totals.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { createGatewayClient } from "../gateway/client.ts";
import { diagnose } from "../gateway/doctor/diagnose.ts";
import type { HealArchive } from "../gateway/doctor/heal-target.ts";
import { heal } from "../gateway/doctor/heal.ts";
import { probePush } from "../gateway/doctor/probe-push.ts";
import { GatewayError } from "../gateway/gateway-error.ts";
import { renderDoctorJson } from "../report/doctor-json.ts";
import { renderDoctor } from "../report/doctor.ts";
import { discover } from "./discover.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultConfigFile, type SourceFlags } from "./flags.ts";
import { wantsColor, type Io } from "./io.ts";
import { createHealArchives } from "./heal-archive.ts";
import { readServerOptions } from "./server-options.ts";
import { loadSettings } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

export interface DoctorFlags extends SourceFlags {
  readonly output: "text" | "json";
  readonly heal?: boolean;
  readonly probe?: boolean;
  /** Groups that may go although others could go instead. */
  readonly release?: readonly string[];
  /** false: groups may go that no archive keeps. */
  readonly archive: boolean;
}

/** `doctor`: is the gateway consistent, who poisons it, what do stale groups cost its pushes. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  if (flags.release !== undefined && flags.heal !== true)
    throw new UsageError("--release needs --heal beside it");
  const { config, complete } = await discover(await loadDoctorSettings(flags, io), io);
  const archives = config.archive === null ? null : createHealArchives(config.archive, io.clock);
  const reports: DoctorReport[] = [];
  try {
    // One after the other: what is measured here is not to be disturbed by ourselves.
    for (const gateway of config.pushgateways) {
      reports.push(await examine(gateway, config, flags, io, archives?.ofGateway(gateway) ?? null));
    }
  } catch (error) {
    if (error instanceof GatewayError && io.stop.aborted) return io.signalExitCode();
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

/** A mistyped one would look like one that does not help. */
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
    if (!known.has(labels)) stderr.write(`--release=${labels}: no group in the way is written like that\n`);
  }
}

/** `--gateway` is enough: without `--ttl` there are no rules, and nothing is said about cleaning. */
async function loadDoctorSettings(flags: DoctorFlags, io: Io): Promise<Config> {
  if (flags.gateway === undefined || flags.ttl !== undefined) return loadSettings(flags, io);
  return { ...(await loadSettings({ ...flags, ttl: "1d" }, io)), rules: [] };
}

async function examine(
  settings: PushgatewaySettings,
  config: Config,
  flags: DoctorFlags,
  io: Io,
  archive: HealArchive | null,
): Promise<DoctorReport> {
  const client = createGatewayClient(await readServerOptions(settings, io.env));
  const { name, url } = settings;
  const { clock, wait, stop: signal } = io;
  const released = new Set(flags.release);
  const options = { name, url, client, clock, wait, signal, released, gauges: ttlMetricNames(config.rules) };
  try {
    const diagnosis = await diagnose(options);
    const ill = flags.heal === true && conditionOf(diagnosis) === "inconsistent";
    const healing = ill ? await heal(diagnosis, { ...options, archive, mayLose: !flags.archive }) : null;
    const probe =
      flags.probe === true && diagnosis.unreachable === null ? await probePush(client, clock, signal) : null;
    return { diagnosis, healing, probe, cleaning: planCleaning(healing?.after ?? diagnosis, config) };
  } finally {
    await client.close();
  }
}

function planCleaning({ groups, look, status }: Diagnosis, { rules, limits }: Config): Cleaning | null {
  if (look === null || look.takenAt === null || rules.length === 0) return null;
  const gatewayStartedAt = status?.startedAt ?? null;
  const { decisions } = createPlan({ groups, now: look.takenAt, gatewayStartedAt, rules, limits });
  return { expired: countGroups(decisions).expired };
}

function renderTexts(
  reports: readonly DoctorReport[],
  config: Config,
  flags: DoctorFlags,
  { stdout, env }: Io,
): string {
  const common = { color: wantsColor(stdout, env), terminal: stdout.isTTY, archive: config.archive !== null };
  return reports
    .map((report) => renderDoctor(report, { ...common, source: sourceOf(flags, report.diagnosis) }))
    .join("\n");
}

/** The flags that lead to this gateway again; with its credentials, if a file has them. */
function sourceOf(flags: DoctorFlags, { url }: Diagnosis): readonly string[] {
  return flags.gateway === undefined
    ? [`--config.file=${flags["config.file"] ?? defaultConfigFile}`]
    : [`--gateway=${url}`];
}

/** An inconsistency is what a doctor looks for: it outranks a gateway that did not answer. */
function doctorExitCode(reports: readonly DoctorReport[]): number {
  const conditions = reports.map(({ diagnosis, healing }) => conditionOf(healing?.after ?? diagnosis));
  if (conditions.includes("inconsistent")) return exitCodes.inconsistent;
  return conditions.every((condition) => condition === "healthy") ? exitCodes.done : exitCodes.failed;
}
