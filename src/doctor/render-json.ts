import { timeOrNever } from "../core/group.ts";
import { stringifyPrintable } from "../core/json.ts";
import { labelsToObject } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";
import type { Culprit, Remedy } from "./culprit.ts";
import { conditionOf, pushStateOf, refusedGroups, type Diagnosis, type Finding } from "./diagnosis.ts";
import type { DoctorReport } from "./examine.ts";
import type { Healing, HealStep } from "./heal.ts";
import { curlCommands } from "./render-text.ts";

/** Raised when a field changes its meaning or is removed; new fields do not count. 2: without estimates of pushes, `look` is `snapshot`. */
const schemaVersion = 2;

/** Renders reports of `doctor` as JSON: times are RFC 3339 in UTC, unknown values are null. */
export function renderDoctorJson(reports: readonly DoctorReport[]): string {
  return `${stringifyPrintable({ schema_version: schemaVersion, gateways: reports.map(reportToJson) }, 2)}\n`;
}

function reportToJson(report: DoctorReport): object {
  const { diagnosis, healing } = report;
  return {
    ...diagnosisToJson(diagnosis),
    pushes: pushesToJson(report),
    ...(healing === null ? {} : { healing: healingToJson(healing) }),
  };
}

function diagnosisToJson(diagnosis: Diagnosis): object {
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
    findings: findings.map((finding) => findingToJson(finding, url)),
    undeletable: undeletable.map(({ group, why, path }) => ({
      labels: group.obstacle === "unreadable_labels" ? null : labelsToObject(group.labels),
      reason: group.obstacle,
      why,
      commands: path === null ? [] : curlCommands(url, [path]),
    })),
  };
}

function findingToJson({ reason, family, evidence, remedy }: Finding, url: string): object {
  return { reason, family, evidence, remedy: remedyToJson(remedy, url) };
}

function remedyToJson(remedy: Remedy, url: string): object {
  const toJson = (culprit: Culprit): object => culpritToJson(culprit, url);
  switch (remedy.kind) {
    case "certain":
      return { kind: remedy.kind, delete: remedy.groups.map(toJson) };
    case "choice":
      return { kind: remedy.kind, options: remedy.options.map((groups) => ({ delete: groups.map(toJson) })) };
    case "none":
      return { kind: remedy.kind, why: remedy.why };
  }
}

function culpritToJson(
  { labels, paths, lastSuccessAt, lastFailureAt, series }: Culprit,
  url: string,
): object {
  return {
    labels: labelsToObject(labels),
    // 0 means never.
    never_pushed: lastSuccessAt === null ? null : lastSuccessAt === 0,
    last_success_at: formatTime(timeOrNever(lastSuccessAt)),
    last_failure_at: formatTime(timeOrNever(lastFailureAt)),
    series,
    commands: curlCommands(url, paths),
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

function healingToJson({ steps, after }: Healing): object {
  return { steps: steps.map(stepToJson), after: diagnosisToJson(after) };
}

function stepToJson({ culprit, fate, archived, message }: HealStep): object {
  return { labels: labelsToObject(culprit.labels), fate, archived, message };
}
