import { formatAge } from "../core/duration.ts";
import { formatShortLabels } from "../core/labels.ts";
import { countOf, cutText, titleOf, toPrintable } from "../core/printable.ts";
import { formatTime } from "../core/time.ts";
import { isFree, type Side } from "./culprit.ts";
import {
  conditionOf,
  curlCommands,
  deleteCommand,
  pushStateOf,
  refusedGroups,
  type ApiState,
  type DeleteFlagsOf,
  type Diagnosis,
  type ExpositionState,
  type Finding,
  type PushState,
} from "./diagnosis.ts";
import type { DoctorReport, PushProbe } from "./examine.ts";

interface DoctorTextOptions {
  readonly flagsOf: DeleteFlagsOf;
  /** Whether there is an archive. */
  readonly archive: boolean;
  /** Paints text, or returns it as it is. */
  readonly style: Readonly<Record<"bold" | "dim" | "green" | "red" | "yellow", (text: string) => string>>;
  /** Whether the headline begins with a mark. */
  readonly terminal: boolean;
}

/** How many of a kind are listed; JSON has them all. */
const shown = 10;
const evidenceLength = 300;

/** Renders a report of `doctor` for people: a headline and a few sections. */
export function renderDoctorText(report: DoctorReport, options: DoctorTextOptions): string {
  const { diagnosis } = report;
  const { style } = options;
  const title = titleOf(diagnosis.name, diagnosis.url, style.bold, style.dim);
  const lines = [`${mark(diagnosis, options)}${title}  ${describeCondition(diagnosis)}`];
  const section = (heading: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push("", style.bold(heading), ...body.map((line) => `  ${line}`));
  };
  if (diagnosis.unreachable !== null) lines.push("", `  ${diagnosis.unreachable.message}`);
  else {
    section("The gateway", describeGateway(diagnosis));
    section("Pushes", describePushes(report));
    section("What is wrong", renderFindings(diagnosis, options));
    section("Groups that the janitor never deletes", describeUndeletable(diagnosis));
  }
  return `${lines.join("\n")}\n`;
}

function mark(diagnosis: Diagnosis, { terminal, style }: DoctorTextOptions): string {
  if (!terminal) return "";
  const condition = conditionOf(diagnosis);
  if (condition === "healthy") return `${style.green("✓")} `;
  return condition === "unknown" ? `${style.yellow("?")} ` : `${style.red("✗")} `;
}

function describeCondition(diagnosis: Diagnosis): string {
  const { api, exposition } = diagnosis;
  switch (conditionOf(diagnosis)) {
    case "healthy":
      return "healthy: everything it holds can be served together";
    case "unreachable":
      return "cannot be examined";
    case "unknown":
      return "not sure: not everything could be read";
    case "inconsistent":
      return exposition.state === "inconsistent"
        ? `inconsistent: Prometheus cannot scrape it${api.state === "broken" ? ", and its API is broken" : ""}`
        : "inconsistent: its API is broken, so that sweeps cannot read it; Prometheus still can";
  }
}

function describeGateway({ status, health, exposition, api, snapshot }: Diagnosis): readonly string[] {
  const lines = [];
  if (status !== null) {
    const [now, startedAt] = [snapshot?.takenAt ?? null, status.startedAt];
    const isKnown = now !== null && startedAt !== null;
    const upFor = isKnown ? `, up for ${formatAge(Math.max(0, now - startedAt))}` : "";
    lines.push(`version ${status.version || "unknown"}${upFor}`);
  }
  if (snapshot !== null) {
    lines.push(`${countOf(snapshot.groups, "group")}, read in ${formatSeconds(snapshot.durationSeconds)}`);
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
  const lines = [pushStates[state]];
  if (probe !== null) lines.push(describeProbe(probe));
  if (snapshot === null || groups.length === 0) return lines;
  const newest = groups.reduce((latest, { lastSuccessAt }) => Math.max(latest, lastSuccessAt ?? 0), 0);
  if (newest > 0 && snapshot.takenAt !== null) {
    const age = formatAge(Math.max(0, snapshot.takenAt - newest));
    lines.push(`the last one accepted came ${age} before this read`);
  }
  const all = countOf(groups.length, "group");
  const refused = refusedGroups(diagnosis);
  if (refused.length > 0) {
    lines.push(`the last push of ${refused.length} of ${all} was refused:`);
    const names = refused.slice(0, shown).map(({ labels }) => formatShortLabels(labels));
    lines.push(...[...names, ...more(refused)].map((line) => `  ${line}`));
  }
  if (expiredGroups !== null) {
    const effect = expiredGroups > 0 && state !== "unchecked" ? ", which slows down every push" : "";
    lines.push(`${expiredGroups} of ${all} expired${effect}`);
  }
  return lines;
}

const pushStates: Readonly<Record<PushState, string>> = {
  accepted: "accepted: the groups pass the check that every push has to pass",
  refused: "refused: every push of every group fails until the offender is deleted",
  unchecked: "accepted unchecked (--push.disable-consistency-check): a push that does not fit is not refused",
  unknown: "not known without /metrics; --probe pushes to a group of its own to find out",
};

function describeProbe({ accepted, durationSeconds, message }: PushProbe): string {
  return accepted
    ? `a probe was accepted after ${formatSeconds(durationSeconds)}`
    : `a probe was not accepted: ${message ?? ""}`;
}

function describeUndeletable({ undeletable, url }: Diagnosis): readonly string[] {
  const lines = undeletable.slice(0, shown).flatMap(({ group, why, path }) => {
    const isUnreadable = group.obstacle === "unreadable_labels";
    const name = isUnreadable ? "a group with unreadable labels" : formatShortLabels(group.labels);
    return [`${name}: ${why}`].concat(
      path === null ? [] : curlCommands(url, [path]).map((command) => `  by hand: ${command}`),
    );
  });
  return [...lines, ...more(undeletable)];
}

/** The groups that make the gateway inconsistent, and the commands that delete them. */
function renderFindings(diagnosis: Diagnosis, options: DoctorTextOptions): readonly string[] {
  const { findings } = diagnosis;
  const lines = findings
    .slice(0, shown)
    .flatMap((finding) => renderFinding(finding, diagnosis, options).concat(""));
  if (findings.length <= shown) return lines.slice(0, -1);
  return [...lines, `… and ${findings.length - shown} more, see --output=json`];
}

function renderFinding(
  finding: Finding,
  diagnosis: Diagnosis,
  options: DoctorTextOptions,
): readonly string[] {
  const { deletions, why, reason: code, evidence: words } = finding;
  const reason = describeReason(finding);
  const evidence = `  ${code === "empty_family" ? "seen" : "the gateway says"}: ${toPrintable(cutText(words, evidenceLength))}`;
  const [certain, ...others] = deletions;
  if (certain === undefined) return [reason, evidence, `  ${why}`];
  if (others.length === 0) {
    return [
      ...certain.slice(0, shown).map(({ labels }) => `${formatShortLabels(labels)} ${reason}`),
      ...more(certain),
      evidence,
      ...renderDeletion(certain, diagnosis, options).map((line) => `  ${line}`),
      "  stop the job that pushes it first, or it comes back",
    ];
  }
  return [
    `several groups do not fit together: each ${reason}`,
    evidence,
    "  one of these deletions is enough; the least loss comes first:",
    ...deletions.slice(0, shown).flatMap((groups) => {
      const names = groups.slice(0, shown).map(({ labels }) => formatShortLabels(labels));
      const head = `  - ${[names.join(", "), ...more(groups)].join(" ")}`;
      return [head].concat(renderDeletion(groups, diagnosis, options).map((line) => `    ${line}`));
    }),
  ];
}

const reasons: Readonly<Record<Finding["reason"], string>> = {
  duplicate_series: "has the same series as another group",
  type_conflict: "pushes a metric with another type than other groups",
  name_collision: "pushes a name that belongs to a summary or histogram of another group",
  gateway_family: "pushes a metric that belongs to the gateway itself, but differs from it",
  invalid_series: "holds a series that no gateway can serve",
  empty_family: "breaks the API",
  unexplained: "does not fit",
};

function describeReason({ reason, family, sides }: Finding): string {
  const isTwice = reason === "duplicate_series" && sides.length === 1;
  const text = isTwice ? "holds the same series twice" : reasons[reason];
  return family === null ? text : `${text} (${family})`;
}

function renderDeletion(
  groups: Side,
  diagnosis: Diagnosis,
  { flagsOf, archive }: DoctorTextOptions,
): readonly string[] {
  // Pasted together, the second command would be the answer to the first one's question.
  const flags = [...flagsOf(diagnosis), ...(groups.length > 1 ? ["--yes"] : [])];
  const deletions = groups.map((culprit) => ({ culprit, command: deleteCommand(culprit, diagnosis, flags) }));
  const byHand = deletions.filter(({ command }) => command === null).map(({ culprit }) => culprit);
  const lines = [
    describeLoss(groups, archive && diagnosis.api.state === "answers" && byHand.length === 0),
    ...deletions.slice(0, shown).flatMap(({ command }) => (command === null ? [] : [`heal: ${command}`])),
    ...byHand
      .slice(0, shown)
      .flatMap(({ paths }) => curlCommands(diagnosis.url, paths).map((command) => `by hand: ${command}`)),
  ];
  if (byHand.some(({ paths }) => paths.length > 1)) {
    lines.push("(it is not known whether it has an empty instance: one of the two does not exist)");
  }
  return lines;
}

function describeLoss(groups: Side, isArchived: boolean): string {
  const [first] = groups;
  const only = groups.length === 1 ? first : undefined;
  if (groups.every(isFree)) {
    return only === undefined
      ? "they never pushed successfully, so nothing is lost with them"
      : "it never pushed successfully, so nothing is lost with it";
  }
  const kept = isArchived ? "can be restored from the archive" : "would be lost: they cannot be archived";
  if (only === undefined) return `the metrics of ${countOf(groups.length, "group")} ${kept}`;
  const series = only.series === null ? "its series" : `its ${only.series} series`;
  const since = only.lastSuccessAt === null ? "" : `, pushed ${formatTime(only.lastSuccessAt)},`;
  return `${series}${since} ${kept}`;
}

function more(list: readonly unknown[]): readonly string[] {
  return list.length > shown ? [`… and ${list.length - shown} more`] : [];
}

function formatSeconds(seconds: number): string {
  return seconds >= 1 ? `${round(seconds)} s` : `${round(seconds * 1000)} ms`;
}

/** Two digits are all that a single measurement is worth. */
function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
