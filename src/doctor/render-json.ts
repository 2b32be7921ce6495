import { timeOrNever } from "../core/group.ts";
import { stringifyPrintable } from "../core/json.ts";
import { labelsToObject } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";
import type { Side } from "./culprit.ts";
import {
  conditionOf,
  curlCommands,
  deleteCommand,
  pushStateOf,
  refusedGroups,
  type DeleteFlagsOf,
  type Diagnosis,
} from "./diagnosis.ts";
import type { DoctorReport } from "./examine.ts";

/** Raised when a field changes its meaning or is removed; new fields do not count. */
const schemaVersion = 2;

/** Renders reports of `doctor` as JSON: times are RFC 3339 in UTC, unknown values are null. */
export function renderDoctorJson(reports: readonly DoctorReport[], flagsOf: DeleteFlagsOf): string {
  const gateways = reports.map((report) => {
    return { ...diagnosisToJson(report.diagnosis, flagsOf), pushes: pushesToJson(report) };
  });
  return `${stringifyPrintable({ schema_version: schemaVersion, gateways }, 2)}\n`;
}

function diagnosisToJson(diagnosis: Diagnosis, flagsOf: DeleteFlagsOf): object {
  const { name, url, unreachable, status, health, exposition, api, snapshot, findings, undeletable } =
    diagnosis;
  return {
    name,
    url,
    condition: conditionOf(diagnosis),
    ...(unreachable === null ? {} : { error: unreachable }),
    version: status?.version ?? null,
    started_at: formatTime(status?.startedAt ?? null),
    checks_consistency: status?.checksConsistency ?? null,
    health:
      health === null
        ? null
        : { healthy: health.health === "healthy", duration_seconds: health.durationSeconds },
    exposition: {
      state: exposition.state,
      ...(exposition.state === "inconsistent"
        ? { complaints: exposition.complaints, cut_off: exposition.cutOff }
        : {}),
      ...(exposition.state === "unknown" ? { error: exposition.fault } : {}),
    },
    api: { state: api.state, ...(api.state === "answers" ? {} : { error: api.fault }) },
    snapshot:
      snapshot === null
        ? null
        : {
            taken_at: formatTime(snapshot.takenAt),
            groups: snapshot.groups,
            bytes: snapshot.sizeBytes,
            duration_seconds: snapshot.durationSeconds,
          },
    findings: findings.map(({ reason, family, evidence, deletions, why }) => {
      const [first, ...others] = deletions.map((groups) => deletionToJson(groups, diagnosis, flagsOf));
      if (first === undefined) return { reason, family, evidence, remedy: { kind: "none", why } };
      const remedy =
        others.length === 0 ? { kind: "certain", ...first } : { kind: "choice", options: [first, ...others] };
      return { reason, family, evidence, remedy };
    }),
    undeletable: undeletable.map(({ group, why, path }) => ({
      labels: group.obstacle === "unreadable_labels" ? null : labelsToObject(group.labels),
      reason: group.obstacle,
      why,
      commands: path === null ? [] : curlCommands(url, [path]),
    })),
  };
}

function deletionToJson(groups: Side, diagnosis: Diagnosis, flagsOf: DeleteFlagsOf): object {
  return {
    delete: groups.map((culprit) => {
      const { labels, paths, lastSuccessAt, lastFailureAt, series } = culprit;
      return {
        labels: labelsToObject(labels),
        // 0 means never.
        never_pushed: lastSuccessAt === null ? null : lastSuccessAt === 0,
        last_success_at: formatTime(timeOrNever(lastSuccessAt)),
        last_failure_at: formatTime(timeOrNever(lastFailureAt)),
        series,
        delete_command: deleteCommand(culprit, diagnosis, flagsOf(diagnosis)),
        commands: curlCommands(diagnosis.url, paths),
      };
    }),
  };
}

function pushesToJson({ diagnosis, probe, expiredGroups }: DoctorReport): object {
  return {
    state: pushStateOf(diagnosis),
    last_push_refused: refusedGroups(diagnosis).length,
    probe:
      probe === null
        ? null
        : { accepted: probe.accepted, duration_seconds: probe.durationSeconds, message: probe.message },
    expired_groups: expiredGroups,
  };
}
