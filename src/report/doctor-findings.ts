import type { Diagnosis, Finding } from "../core/diagnosis.ts";
import { formatShortLabels, quote } from "../core/labels.ts";
import { isFree, type Culprit } from "../core/remedy.ts";
import { formatTime } from "../core/time.ts";
import { curlCommands, healCommand } from "./doctor-commands.ts";
import { describeReason } from "./doctor-words.ts";

export interface FindingOptions {
  /** The flags that name the gateway, for commands to paste. */
  readonly source: readonly string[];
  /** Whether there is an archive. */
  readonly archive: boolean;
  /** false: it is done already. */
  readonly advise: boolean;
}

/** How many findings are told, and groups of one; JSON has them all. */
const shown = 10;
const evidenceLength = 300;

/** Who makes the gateway inconsistent, and the commands that end it. */
export function renderFindings(diagnosis: Diagnosis, options: FindingOptions): readonly string[] {
  const { findings } = diagnosis;
  const lines: string[] = [];
  for (const finding of findings.slice(0, shown)) {
    if (lines.length > 0) lines.push("");
    lines.push(...renderFinding(finding, diagnosis, options));
  }
  if (findings.length > shown) lines.push("", `… and ${findings.length - shown} more, see --output=json`);
  return lines;
}

function renderFinding(finding: Finding, diagnosis: Diagnosis, options: FindingOptions): readonly string[] {
  const { remedy } = finding;
  const evidence = `${finding.reason === "empty_family" ? "seen" : "the gateway says"}: ${excerpt(finding.evidence)}`;
  switch (remedy.kind) {
    case "none":
      return [describeReason(finding), `  ${evidence}`, `  ${remedy.why}`];
    case "certain":
      return [
        ...remedy.groups
          .slice(0, shown)
          .map((culprit) => `${formatShortLabels(culprit.labels)} ${describeReason(finding)}`),
        ...more(remedy.groups),
        `  ${evidence}`,
        ...renderDeletion(remedy.groups, [], diagnosis, options).map((line) => `  ${line}`),
        "  then stop whoever pushes it, or it comes back",
      ];
    case "choice":
      return [
        `several groups do not fit together: each ${describeReason(finding)}`,
        `  ${evidence}`,
        "  one of these deletions is enough, and --heal does none of them unasked; the least loss comes first:",
        ...remedy.options.slice(0, shown).flatMap((groups) => renderOption(groups, diagnosis, options)),
      ];
  }
}

function renderOption(
  groups: readonly Culprit[],
  diagnosis: Diagnosis,
  options: FindingOptions,
): readonly string[] {
  const names = groups.slice(0, shown).map((culprit) => formatShortLabels(culprit.labels));
  const deletion = renderDeletion(groups, groups, diagnosis, options).map((line) => `    ${line}`);
  return [`  - ${names.join(", ")}${more(groups).join("")}`, ...deletion];
}

function renderDeletion(
  groups: readonly Culprit[],
  release: readonly Culprit[],
  { url, api }: Diagnosis,
  { source, archive, advise }: FindingOptions,
): readonly string[] {
  if (!advise) return [];
  const archived = archive && api.state === "answers";
  const noArchive = !archived && !groups.every(isFree);
  const twoSpellings = groups.some(({ paths }) => paths.length > 1);
  const commands = groups.slice(0, shown).flatMap(({ paths }) => curlCommands(url, paths));
  return [
    describeLoss(groups, archived),
    `heal:  ${healCommand({ source, release, noArchive })}`,
    ...commands.map((command, index) => `${index === 0 ? "or:    " : "       "}${command}`),
    ...(twoSpellings
      ? ["(whether it has an empty instance cannot be told: one of the two does not exist)"]
      : []),
  ];
}

function describeLoss(groups: readonly Culprit[], archived: boolean): string {
  const [only] = groups;
  if (groups.every(isFree)) {
    return groups.length === 1
      ? "it never pushed successfully, so nothing is lost with it"
      : "they never pushed successfully, so nothing is lost with them";
  }
  const kept = archived ? "can be put back from the archive" : "would be lost: no archive can keep them";
  if (groups.length > 1 || only === undefined) return `the metrics of ${groups.length} groups ${kept}`;
  const series = only.series === null ? "its series" : `its ${only.series} series`;
  const since = only.lastSuccessAt === null ? null : formatTime(only.lastSuccessAt);
  return `${series}${since === null ? "" : `, pushed ${since},`} ${kept}`;
}

function more(groups: readonly Culprit[]): readonly string[] {
  return groups.length > shown ? [` … and ${groups.length - shown} more`] : [];
}

/** Fit for one line, and harmless to a terminal. */
function excerpt(text: string): string {
  const printable = quote(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("\\\\", "\\");
  return printable.length > evidenceLength ? `${printable.slice(0, evidenceLength)}…` : printable;
}
