import {
  conditionOf,
  type ApiState,
  type Condition,
  type Diagnosis,
  type ExpositionState,
} from "../core/diagnosis.ts";
import type { DoctorReport, Healing } from "../core/doctor-report.ts";
import { formatAge } from "../core/duration.ts";
import { formatShortLabels } from "../core/labels.ts";
import { curlCommands } from "./doctor-commands.ts";
import { renderFindings, type FindingOptions } from "./doctor-findings.ts";
import { describeCondition, describeFate, formatBytes, formatSeconds } from "./doctor-words.ts";
import { countGroups, describeCost, describePushing } from "./doctor-pushes.ts";
import { createStyle, type Style } from "./style.ts";

export interface DoctorOptions extends Omit<FindingOptions, "advise"> {
  readonly color: boolean;
  /** Marks in front of the headline. */
  readonly terminal: boolean;
}

/** How many of a kind are listed; JSON has them all. */
const shown = 10;

/** Renders what `doctor` found for people: a headline and a few sections. */
export function renderDoctor(report: DoctorReport, options: DoctorOptions): string {
  const style = createStyle(options.color);
  const { diagnosis, healing, probe, cleaning } = report;
  const lines = [headline(diagnosis, healing, options, style)];
  if (diagnosis.unreachable !== null)
    return `${[...lines, "", `  ${diagnosis.unreachable.message}`].join("\n")}\n`;
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push("", style.bold(title), ...body.map((line) => `  ${line}`));
  };
  section("The gateway", describeGateway(diagnosis));
  section("Pushes", describePushing(diagnosis, probe));
  const healed = healing !== null && conditionOf(healing.after) === "healthy";
  section(
    healed ? "What was wrong" : "What is wrong",
    renderFindings(diagnosis, { ...options, advise: !healed }),
  );
  section("Nobody can delete, so the janitor never does", describeUndeletable(diagnosis));
  section("What a checked push costs", describeCost(diagnosis, probe, cleaning));
  if (healing !== null) section("Healing", describeHealing(healing, options, style));
  return `${lines.join("\n")}\n`;
}

function headline(
  diagnosis: Diagnosis,
  healing: Healing | null,
  options: DoctorOptions,
  style: Style,
): string {
  const condition = conditionOf(healing?.after ?? diagnosis);
  const title = `${style.bold(diagnosis.name)} ${style.dim(diagnosis.url)}`;
  const healed = healing !== null && condition === "healthy";
  const words = healed ? "healed" : describeCondition(condition, healing?.after ?? diagnosis);
  return `${mark(condition, options, style)}${title}  ${words}`;
}

function mark(condition: Condition, { terminal }: DoctorOptions, { green, red, yellow }: Style): string {
  if (!terminal) return "";
  if (condition === "healthy") return `${green("✓")} `;
  return condition === "unknown" ? `${yellow("?")} ` : `${red("✗")} `;
}

function describeGateway({ status, health, exposition, api, look }: Diagnosis): readonly string[] {
  const lines = [];
  if (status !== null) {
    const now = look?.takenAt ?? null;
    const { startedAt } = status;
    const isKnown = now !== null && startedAt !== null;
    const upFor = isKnown ? `, up for ${formatAge(Math.max(0, now - startedAt))}` : "";
    lines.push(`version ${status.version || "unknown"}${upFor}`);
  }
  if (look !== null) {
    const { groups, sizeBytes, durationSeconds } = look;
    lines.push(
      `${countGroups(groups)}, ${formatBytes(sizeBytes)}; one look took ${formatSeconds(durationSeconds)}`,
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

function describeUndeletable({ undeletable, url }: Diagnosis): readonly string[] {
  const lines: string[] = [];
  for (const { group, why, path } of undeletable.slice(0, shown)) {
    const unreadable = group.obstacle === "unreadable_labels";
    lines.push(`${unreadable ? "a group with unreadable labels" : formatShortLabels(group.labels)}: ${why}`);
    if (path !== null) lines.push(...curlCommands(url, [path]).map((command) => `  by hand: ${command}`));
  }
  return undeletable.length > shown ? [...lines, `… and ${undeletable.length - shown} more`] : lines;
}

function describeHealing({ steps, after }: Healing, options: DoctorOptions, style: Style): readonly string[] {
  const lines = steps.map(
    ({ culprit, fate, archived, message }) =>
      `${formatShortLabels(culprit.labels)}: ${describeFate(fate, archived)}${message === null ? "" : ` (${message})`}`,
  );
  if (steps.length === 0) lines.push("nothing was deleted: no offender is certain");
  const condition = conditionOf(after);
  lines.push(`Now: ${mark(condition, options, style)}${describeCondition(condition, after)}`);
  if (condition === "inconsistent" && steps.some(({ fate }) => fate === "deleted")) {
    lines.push(...renderFindings(after, { ...options, advise: true }));
  }
  return lines;
}
