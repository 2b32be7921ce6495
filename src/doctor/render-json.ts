import { timeOrNever } from "../core/group.ts";
import { stringifyPrintable } from "../core/json.ts";
import { labelsToObject } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";
import type { Culprit, Remedy } from "./culprit.ts";
import { conditionOf, pushStateOf, refusedGroups, type Diagnosis, type Finding } from "./diagnosis.ts";
import type { DoctorReport } from "./examine.ts";
import { curlCommands, deleteCommand, type DeleteFlagsOf } from "./delete-command.ts";

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
    findings: findings.map((finding) => findingToJson(finding, diagnosis, flagsOf)),
    undeletable: undeletable.map(({ group, why, path }) => ({
      labels: group.obstacle === "unreadable_labels" ? null : labelsToObject(group.labels),
      reason: group.obstacle,
      why,
      commands: path === null ? [] : curlCommands(url, [path]),
    })),
  };
}

function findingToJson(
  { reason, family, evidence, remedy }: Finding,
  diagnosis: Diagnosis,
  flagsOf: DeleteFlagsOf,
): object {
  const toJson = (culprit: Culprit): object => culpritToJson(culprit, diagnosis, flagsOf);
  return { reason, family, evidence, remedy: remedyToJson(remedy, toJson) };
}

function remedyToJson(remedy: Remedy, toJson: (culprit: Culprit) => object): object {
  switch (remedy.kind) {
    case "certain":
      return { kind: remedy.kind, delete: remedy.groups.map(toJson) };
    case "choice":
      return { kind: remedy.kind, options: remedy.options.map((groups) => ({ delete: groups.map(toJson) })) };
    case "none":
      return { kind: remedy.kind, why: remedy.why };
  }
}

function culpritToJson(culprit: Culprit, diagnosis: Diagnosis, flagsOf: DeleteFlagsOf): object {
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
