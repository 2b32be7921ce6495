import { dirname, resolve } from "node:path";

import { defaultLimits, parseEvidenceAge, type Limits } from "../core/limits.ts";
import type { ArchiveSettings, Config, PrometheusSettings } from "./config.ts";
import { everComes, neverComes, parseSchedule, type Schedule } from "./cron.ts";
import { Cursor, type DecodeContext, type NamedFile } from "./cursor.ts";
import type { Findings, Places } from "./findings.ts";
import { decodeDiscoveries } from "./discoveries.ts";
import { decodeHttpSettings } from "./http-settings.ts";
import { decodePushgateways } from "./pushgateways.ts";
import { decodeRules } from "./rules.ts";
import { decodeDuration, decodePositiveDuration, decodeTimeout } from "./scalars.ts";
import { gatewayKeys, type ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";
import { has } from "./sources.ts";
import { changesClocks, parseTimezone } from "./timezone.ts";
import { parseServerUrl } from "./url.ts";

type ConfigDraft = Draft<ConfigInput>;

/** The configuration, worth something only if no problem was found; and the files that must exist for it. */
export interface Decoded {
  readonly config: Config;
  readonly namedFiles: readonly NamedFile[];
}

/** Gives the values of a file their meaning, and reports all that have none. */
export function decodeConfig(draft: ConfigDraft, path: string, places: Places, findings: Findings): Decoded {
  const context: DecodeContext = { findings, places, folder: dirname(resolve(path)), namedFiles: [] };
  const root = new Cursor(context);
  if (!gatewayKeys.some((key) => has(draft, key))) {
    root.error(
      `"pushgateways" is missing: list the Pushgateways, or say where to find them with ${gatewayKeys.slice(1).join(", ")}`,
    );
  }
  const archive = decodeArchive(draft.archive, root.to("archive"));
  const config: Config = {
    path,
    ...decodeTiming(draft, root),
    dryRun: draft.dry_run ?? false,
    logLevel: draft.log_level ?? "info",
    pushgateways: decodePushgateways(draft.pushgateways, root.to("pushgateways"), archive !== null),
    discoveries: decodeDiscoveries(draft, root),
    limits: decodeLimits(draft.limits, root.to("limits")),
    archive,
    prometheus: decodePrometheus(draft.prometheus, root.to("prometheus")),
    notifications: [],
    rules: decodeRules(draft.rules, root.to("rules"), has(draft, "prometheus")),
  };
  return { config, namedFiles: context.namedFiles };
}

function decodeTiming(draft: ConfigDraft, at: Cursor): Pick<Config, "schedule" | "timezone"> {
  const { schedule = "*/5 * * * *", timezone = "UTC" } = draft;
  const parsed = at.to("schedule").parse<Schedule | null>(schedule, parseSchedule, null);
  for (const warning of parsed?.warnings ?? []) at.to("schedule").warn(warning);
  const known = at.to("timezone").parse<string | null>(timezone, parseTimezone, null);
  if (parsed === null || known === null) return { schedule, timezone };
  if (!everComes(schedule, parsed, known)) at.to("schedule").error(neverComes);
  else if (parsed.namesTimes && changesClocks(known)) {
    at.to("schedule").warn(
      `the clocks of ${known} change: on those days a skipped time does not come, and a repeated one counts once`,
    );
  }
  return { schedule, timezone };
}

function decodeLimits(draft: ConfigDraft["limits"], at: Cursor): Limits {
  if (draft === undefined) return defaultLimits;
  const { max_outage: maxOutage, max_evidence_age: maxAge } = draft;
  return {
    maxDeleteRatio: draft.max_delete_ratio ?? defaultLimits.maxDeleteRatio,
    ratioMinGroups: draft.ratio_min_groups ?? defaultLimits.ratioMinGroups,
    maxDeletes: draft.max_deletes ?? defaultLimits.maxDeletes,
    deletesPerSecond: draft.deletes_per_second ?? defaultLimits.deletesPerSecond,
    maxOutageSeconds:
      maxOutage === undefined
        ? defaultLimits.maxOutageSeconds
        : decodeDuration(maxOutage, at.to("max_outage")),
    whenExceeded: defaultLimits.whenExceeded,
    maxEvidenceAgeSeconds:
      maxAge === undefined
        ? defaultLimits.maxEvidenceAgeSeconds
        : at.to("max_evidence_age").parse<number | null>(maxAge, parseEvidenceAge, null),
  };
}

function decodeArchive(draft: ConfigDraft["archive"], at: Cursor): ArchiveSettings | null {
  if (draft === undefined) return null;
  return {
    dir: at.to("dir").resolve(draft.dir ?? ""),
    retentionSeconds: decodePositiveDuration(
      has(draft, "retention") ? draft.retention : "30d",
      at.to("retention"),
      "what was deleted could not be restored",
    ),
  };
}

function decodePrometheus(draft: ConfigDraft["prometheus"], at: Cursor): PrometheusSettings | null {
  if (draft === undefined) return null;
  return {
    url: draft.url === undefined ? "" : at.to("url").parse(draft.url, parseServerUrl, ""),
    timeoutSeconds: decodeTimeout(has(draft, "timeout") ? draft.timeout : "30s", at.to("timeout")),
    http: decodeHttpSettings(draft, at),
  };
}
