import { conditionOf, pushStateOf, type Diagnosis, type Finding } from "../core/diagnosis.ts";
import type { DoctorReport, Healing, HealStep } from "../core/doctor-report.ts";
import { labelsToObject } from "../core/labels.ts";
import { estimatePushCost, scalePushCost } from "../core/push-cost.ts";
import type { Culprit, Remedy } from "../core/remedy.ts";
import { formatTime } from "../core/time.ts";
import { curlCommands } from "./doctor-commands.ts";

/** Grows when a field changes its meaning or goes; new fields do not count. */
const schemaVersion = 1;

/** Renders what `doctor` found as JSON: times RFC 3339 in UTC, what is unknown is null. */
export function renderDoctorJson(reports: readonly DoctorReport[]): string {
  return `${JSON.stringify({ schema_version: schemaVersion, gateways: reports.map(reportToJson) }, null, 2)}\n`;
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
  const { name, url, unreachable, status, health, exposition, api, look, findings, undeletable } = diagnosis;
  return {
    name,
    url,
    condition: conditionOf(diagnosis),
    ...(unreachable === null ? {} : { error: unreachable }),
    version: status?.version ?? null,
    started_at: formatTime(status?.startedAt ?? null),
    checks_consistency: status?.checksConsistency ?? null,
    health: health === null ? null : { healthy: health.healthy, duration_seconds: health.durationSeconds },
    exposition: {
      state: exposition.state,
      ...(exposition.state === "inconsistent"
        ? { complaints: exposition.complaints, cut_off: exposition.cutOff }
        : {}),
      ...(exposition.state === "unknown" ? { error: exposition.fault } : {}),
    },
    api: { state: api.state, ...(api.state === "answers" ? {} : { error: api.fault }) },
    look:
      look === null
        ? null
        : {
            taken_at: formatTime(look.takenAt),
            groups: look.groups,
            bytes: look.sizeBytes,
            duration_seconds: look.durationSeconds,
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
    // 0 is the gateway's way to say never.
    never_pushed: lastSuccessAt === null ? null : lastSuccessAt === 0,
    last_success_at: formatTime(lastSuccessAt === 0 ? null : lastSuccessAt),
    last_failure_at: formatTime(lastFailureAt === 0 ? null : lastFailureAt),
    series,
    commands: curlCommands(url, paths),
  };
}

function pushesToJson({ diagnosis, probe, cleaning }: DoctorReport): object {
  const { look, groups } = diagnosis;
  const rest = look === null || cleaning === null ? null : look.groups - cleaning.expired;
  const measured = probe?.accepted === true ? probe.durationSeconds : null;
  return {
    state: pushStateOf(diagnosis),
    last_push_refused: groups.filter(
      ({ lastSuccessAt, lastFailureAt }) => (lastFailureAt ?? 0) > (lastSuccessAt ?? 0),
    ).length,
    probe:
      probe === null
        ? null
        : { accepted: probe.accepted, duration_seconds: probe.durationSeconds, message: probe.message },
    estimated_seconds: look === null ? null : costToJson(look.groups),
    expired_groups: cleaning?.expired ?? null,
    estimated_seconds_after_cleaning:
      rest === null || look === null
        ? null
        : measured === null
          ? costToJson(rest)
          : {
              from: scalePushCost(measured, look.groups, rest),
              to: scalePushCost(measured, look.groups, rest),
            },
  };
}

function costToJson(groups: number): object {
  const { fromSeconds, toSeconds } = estimatePushCost(groups);
  return { from: fromSeconds, to: toSeconds };
}

function healingToJson({ steps, after }: Healing): object {
  return { steps: steps.map(stepToJson), after: diagnosisToJson(after) };
}

function stepToJson({ culprit, fate, archived, message }: HealStep): object {
  return { labels: labelsToObject(culprit.labels), fate, archived, message };
}
