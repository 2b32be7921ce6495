import { formatAge } from "../core/duration.ts";
import { formatShortLabels } from "../core/labels.ts";
import { countOf } from "../core/printable.ts";
import {
  conditionOf,
  pushStateOf,
  refusedGroups,
  type ApiState,
  type Condition,
  type Diagnosis,
  type ExpositionState,
  type PushState,
} from "./diagnosis.ts";
import type { DoctorReport } from "./examine.ts";
import type { HealFate, Healing } from "./heal.ts";
import type { PushProbe } from "./probe-push.ts";
import { curlCommands, renderFindings, type FindingOptions } from "./render-findings.ts";

export interface DoctorTextOptions extends Omit<FindingOptions, "advise"> {
  /** Paints text, or returns it as it is. */
  readonly style: Readonly<Record<"bold" | "dim" | "green" | "red" | "yellow", (text: string) => string>>;
  /** Whether the headline has a mark in front. */
  readonly terminal: boolean;
}

/** How many of a kind are listed; JSON has them all. */
const shown = 10;

/** Renders a report of `doctor` for people: a headline and a few sections. */
export function renderDoctorText(report: DoctorReport, options: DoctorTextOptions): string {
  const { diagnosis, healing } = report;
  const lines = [headline(diagnosis, healing, options)];
  if (diagnosis.unreachable !== null)
    return `${[...lines, "", `  ${diagnosis.unreachable.message}`].join("\n")}\n`;
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push("", options.style.bold(title), ...body.map((line) => `  ${line}`));
  };
  section("The gateway", describeGateway(diagnosis));
  section("Pushes", describePushes(report));
  const healed = healing !== null && conditionOf(healing.after) === "healthy";
  section(
    healed ? "What was wrong" : "What is wrong",
    renderFindings(diagnosis, { ...options, advise: !healed }),
  );
  section("Groups that the janitor never deletes", describeUndeletable(diagnosis));
  if (healing !== null) section("Healing", describeHealing(healing, options));
  return `${lines.join("\n")}\n`;
}

function headline(diagnosis: Diagnosis, healing: Healing | null, options: DoctorTextOptions): string {
  const { style } = options;
  const latest = healing?.after ?? diagnosis;
  const condition = conditionOf(latest);
  const title = `${style.bold(diagnosis.name)} ${style.dim(diagnosis.url)}`;
  const healed = healing !== null && condition === "healthy";
  return `${mark(condition, options)}${title}  ${healed ? "healed" : describeCondition(condition, latest)}`;
}

function mark(condition: Condition, { terminal, style }: DoctorTextOptions): string {
  if (!terminal) return "";
  if (condition === "healthy") return `${style.green("✓")} `;
  return condition === "unknown" ? `${style.yellow("?")} ` : `${style.red("✗")} `;
}

function describeCondition(condition: Condition, { api, exposition }: Diagnosis): string {
  switch (condition) {
    case "healthy":
      return "healthy: everything it holds can be served together";
    case "unreachable":
      return "cannot be examined";
    case "unknown":
      return "not sure: not everything could be read";
    case "inconsistent":
      return exposition.state === "inconsistent"
        ? `inconsistent: Prometheus cannot scrape it${api.state === "broken" ? ", and its API is broken" : ""}`
        : "inconsistent: its API is broken, and no janitor can read it; Prometheus still can";
  }
}

function describeGateway({ status, health, exposition, api, snapshot }: Diagnosis): readonly string[] {
  const lines = [];
  if (status !== null) {
    const now = snapshot?.takenAt ?? null;
    const { startedAt } = status;
    const isKnown = now !== null && startedAt !== null;
    const upFor = isKnown ? `, up for ${formatAge(Math.max(0, now - startedAt))}` : "";
    lines.push(`version ${status.version || "unknown"}${upFor}`);
  }
  if (snapshot !== null) {
    const { groups, sizeBytes, durationSeconds } = snapshot;
    lines.push(
      `${countOf(groups, "group")}, ${formatBytes(sizeBytes)}, read in ${formatSeconds(durationSeconds)}`,
    );
  }
  if (health !== null) {
    const answer = health.problem ?? "200";
    lines.push(`/-/healthy       ${answer} after ${formatSeconds(health.durationSeconds)}`);
  }
  lines.push(`/metrics         ${describeExposition(exposition)}`, `/api/v1/metrics  ${describeApi(api)}`);
  return lines;
}

function describeExposition(exposition: ExpositionState): string {
  if (exposition.state === "consistent") return "200";
  if (exposition.state === "unknown") return exposition.fault.message;
  const { complaints, cutOff } = exposition;
  return `500: ${complaints}${cutOff ? " or more" : ""} series or metrics do not fit`;
}

function describeApi(api: ApiState): string {
  if (api.state === "answers") return "200";
  return api.state === "broken" ? "closes the connection without an answer" : api.fault.message;
}

/** Whether pushes are accepted, and how long one takes. */
function describePushes({ diagnosis, probe, expiredGroups }: DoctorReport): readonly string[] {
  const { groups, snapshot } = diagnosis;
  const state = pushStateOf(diagnosis);
  const lines = [describePushState(state)];
  if (probe !== null) lines.push(describeProbe(probe));
  if (snapshot === null || groups.length === 0) return lines;
  const newest = groups.reduce((latest, { lastSuccessAt }) => Math.max(latest, lastSuccessAt ?? 0), 0);
  if (newest > 0 && snapshot.takenAt !== null)
    lines.push(
      `the last one accepted came ${formatAge(Math.max(0, snapshot.takenAt - newest))} before this read`,
    );
  const refused = refusedGroups(diagnosis);
  if (refused.length > 0) {
    lines.push(`the last push of ${refused.length} of ${countOf(groups.length, "group")} was refused:`);
    lines.push(...limited(refused.map(({ labels }) => `  ${formatShortLabels(labels)}`)));
  }
  if (expiredGroups !== null) {
    const effect = expiredGroups > 0 && state !== "unchecked" ? ", which slows down every push" : "";
    lines.push(`${expiredGroups} of ${countOf(groups.length, "group")} expired${effect}`);
  }
  return lines;
}

function describePushState(state: PushState): string {
  switch (state) {
    case "accepted":
      return "accepted: the groups pass the check that every push has to pass";
    case "refused":
      return "refused: every push of every group fails until the offender is deleted";
    case "unchecked":
      return "accepted unchecked (--push.disable-consistency-check): a push that does not fit is not refused";
    case "unknown":
      return "not known without /metrics; --probe pushes to a group of its own to find out";
  }
}

function describeProbe({ accepted, durationSeconds, message }: PushProbe): string {
  return accepted
    ? `a probe was accepted after ${formatSeconds(durationSeconds)}`
    : `a probe was not accepted: ${message ?? ""}`;
}

function describeUndeletable({ undeletable, url }: Diagnosis): readonly string[] {
  const lines: string[] = [];
  for (const { group, why, path } of undeletable.slice(0, shown)) {
    const unreadable = group.obstacle === "unreadable_labels";
    lines.push(`${unreadable ? "a group with unreadable labels" : formatShortLabels(group.labels)}: ${why}`);
    if (path !== null) lines.push(...curlCommands(url, [path]).map((command) => `  by hand: ${command}`));
  }
  return undeletable.length > shown ? [...lines, `… and ${undeletable.length - shown} more`] : lines;
}

function describeHealing({ steps, after }: Healing, options: DoctorTextOptions): readonly string[] {
  const lines = steps.map(
    ({ culprit, fate, archived, message }) =>
      `${formatShortLabels(culprit.labels)}: ${describeFate(fate, archived)}${message === null ? "" : ` (${message})`}`,
  );
  if (steps.length === 0) lines.push("nothing was deleted: no offender is certain");
  const condition = conditionOf(after);
  lines.push(`Now: ${mark(condition, options)}${describeCondition(condition, after)}`);
  if (condition === "inconsistent" && steps.some(({ fate }) => fate === "deleted")) {
    lines.push(...renderFindings(after, { ...options, advise: true }));
  }
  return lines;
}

function describeFate(fate: HealFate, archived: boolean): string {
  switch (fate) {
    case "deleted":
      return archived ? "deleted; it can be restored from the archive" : "deleted";
    case "gone_already":
      return "was gone already";
    case "pushed_again":
      return "not deleted: it was pushed again since the diagnosis";
    case "would_be_lost":
      return "not deleted: its metrics cannot be archived and would be lost; --no-archive permits it";
    case "archive_failed":
      return "not deleted, because it could not be archived";
    case "failed":
      return "not deleted";
    case "still_there":
      return "accepted for deletion, but still there";
  }
}

function limited(lines: readonly string[]): readonly string[] {
  return lines.length <= shown ? lines : [...lines.slice(0, shown), `  … and ${lines.length - shown} more`];
}

function formatSeconds(seconds: number): string {
  return seconds >= 1 ? `${round(seconds)} s` : `${round(seconds * 1000)} ms`;
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${round(bytes / 1000)} kB` : `${round(bytes / 1e6)} MB`;
}

/** Two digits are all that a single measurement is worth. */
function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
