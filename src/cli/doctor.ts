import type { Config, PushgatewaySettings } from "../config/config.ts";
import { findExceededLimit } from "../core/limits.ts";
import { ttlMetricNames } from "../core/rule.ts";
import { conditionOf, type DeleteFlagsOf } from "../doctor/diagnosis.ts";
import { examine, type DoctorReport } from "../doctor/examine.ts";
import { renderDoctorJson } from "../doctor/render-json.ts";
import { renderDoctorText } from "../doctor/render-text.ts";
import { readServerOptions } from "../fleet/connect.ts";
import { createHttpClient } from "../http/client.ts";
import { RequestError } from "../http/request-error.ts";
import { createStyle } from "../report/text.ts";
import { exitCodes } from "./exit-code.ts";
import type { DoctorFlags } from "./flags.ts";
import { wantsColor, type Io } from "./io.ts";
import { loadAndDiscover, nameGateway, renderFlags } from "./settings.ts";

/** `doctor`: checks whether the gateway is consistent, names the group that breaks it, and measures a push. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  const { config, complete } = await loadAndDiscover(flags, io, { ttlOptional: true });
  const reports: DoctorReport[] = [];
  try {
    // One after the other, so that the doctor's own requests do not disturb what is measured.
    for (const gateway of config.pushgateways) reports.push(await examineGateway(gateway, config, flags, io));
  } catch (error) {
    if (error instanceof RequestError && io.stop.aborted) return io.signalExitCode();
    throw error;
  }
  const { stdout, env } = io;
  const flagsOf = createDeleteFlags(config, flags);
  if (flags.output === "json") stdout.write(renderDoctorJson(reports, flagsOf));
  else {
    const style = createStyle(wantsColor(stdout, env));
    const options = { style, terminal: stdout.isTTY, archive: config.archive !== null, flagsOf };
    stdout.write(reports.map((report) => renderDoctorText(report, options)).join("\n"));
  }
  const exitCode = doctorExitCode(reports);
  return complete || exitCode !== exitCodes.done ? exitCode : exitCodes.failed;
}

async function examineGateway(
  settings: PushgatewaySettings,
  { rules, limits }: Config,
  flags: DoctorFlags,
  { env, clock, stop: signal }: Io,
): Promise<DoctorReport> {
  const { name, url } = settings;
  const client = createHttpClient(await readServerOptions(settings, env));
  try {
    return await examine({
      name,
      url,
      client,
      clock,
      signal,
      rules,
      limits,
      gauges: ttlMetricNames(rules),
      probe: flags.probe === true,
    });
  } finally {
    await client.close();
  }
}

/** A file, if given, has the gateway's credentials and the archive, but perhaps also limits that forbid even one deletion. */
function createDeleteFlags({ limits, dryRun }: Config, flags: DoctorFlags): DeleteFlagsOf {
  return (gateway) => {
    const { snapshot } = gateway;
    const toPass = snapshot === null ? undefined : findExceededLimit(1, snapshot.groups, limits)?.toPass;
    const values = {
      ...nameGateway(flags, gateway),
      "limits.max-delete-ratio": toPass?.maxDeleteRatio,
      "limits.max-deletes": toPass?.maxDeletes,
    };
    return [...renderFlags(values), ...(dryRun ? ["--no-dry-run"] : [])];
  };
}

/** An inconsistent gateway outranks one that did not answer: inconsistencies are what this command searches for. */
function doctorExitCode(reports: readonly DoctorReport[]): number {
  const conditions = reports.map(({ diagnosis }) => conditionOf(diagnosis));
  if (conditions.includes("inconsistent")) return exitCodes.inconsistent;
  return conditions.every((condition) => condition === "healthy") ? exitCodes.done : exitCodes.failed;
}
