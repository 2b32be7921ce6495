import { formatLabels, formatShortLabels, quote } from "../core/labels.ts";
import { cutText, shellQuote } from "../core/printable.ts";
import { formatTime } from "../core/time.ts";
import type { Diagnosis, Finding } from "./diagnosis.ts";
import { isFree, type Culprit } from "./remedy.ts";

export interface FindingOptions {
  /** The flags that name the gateway, for commands to paste: for example `--gateway=http://localhost:9091`. */
  readonly source: readonly string[];
  /** Whether there is an archive. */
  readonly archive: boolean;
  /** false: healed already, so no commands are printed. */
  readonly advise: boolean;
}

/** How many findings are printed, and groups of one; JSON has them all. */
const shown = 10;
const evidenceLength = 300;

/** The groups that make the gateway inconsistent, and the commands that delete them. */
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
        "  then stop the job that pushes it, or it comes back",
      ];
    case "choice":
      return [
        `several groups do not fit together: each ${describeReason(finding)}`,
        `  ${evidence}`,
        "  one of these deletions is enough, and --heal does none of them without --release; the least loss comes first:",
        ...remedy.options.slice(0, shown).flatMap((groups) => renderOption(groups, diagnosis, options)),
      ];
  }
}

const reasonTexts: Readonly<Record<Finding["reason"], string>> = {
  duplicate_series: "has the same series as another group",
  type_conflict: "pushes a metric with another type than other groups",
  name_collision: "pushes a name that belongs to a summary or histogram of another group",
  gateway_family: "pushes a metric that belongs to the gateway itself, but differs from it",
  invalid_series: "holds a series that no gateway can serve",
  empty_family: "breaks the API",
  unexplained: "does not fit",
};

function describeReason({ reason, family, sides }: Finding): string {
  if (reason === "duplicate_series" && sides.length === 1)
    return `holds the same series twice (${family ?? "?"})`;
  return family === null ? reasonTexts[reason] : `${reasonTexts[reason]} (${family})`;
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

/** @param release the groups that `--heal` deletes only if they are named */
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
    `heal:  ${healCommand(source, release, noArchive)}`,
    ...commands.map((command, index) => `${index === 0 ? "or:    " : "       "}${command}`),
    ...(twoSpellings
      ? ["(it is not known whether it has an empty instance: one of the two does not exist)"]
      : []),
  ];
}

function healCommand(source: readonly string[], release: readonly Culprit[], noArchive: boolean): string {
  const words = ["pushgateway-janitor", "doctor", "--heal", ...source];
  for (const { labels } of release) words.push(`--release=${formatLabels(labels)}`);
  if (noArchive) words.push("--no-archive");
  return words.map(shellQuote).join(" ");
}

/** The requests that delete a group, as commands to paste. */
export function curlCommands(url: string, paths: readonly string[]): readonly string[] {
  // Always quoted, so that it stays right when somebody changes it.
  return paths.map((path) => `curl -X DELETE '${`${url}${path}`.replaceAll("'", "%27")}'`);
}

function describeLoss(groups: readonly Culprit[], archived: boolean): string {
  const [only] = groups;
  if (groups.every(isFree)) {
    return groups.length === 1
      ? "it never pushed successfully, so nothing is lost with it"
      : "they never pushed successfully, so nothing is lost with them";
  }
  const kept = archived ? "can be restored from the archive" : "would be lost: they cannot be archived";
  if (groups.length > 1 || only === undefined) return `the metrics of ${groups.length} groups ${kept}`;
  const series = only.series === null ? "its series" : `its ${only.series} series`;
  const since = only.lastSuccessAt === null ? null : formatTime(only.lastSuccessAt);
  return `${series}${since === null ? "" : `, pushed ${since},`} ${kept}`;
}

function more(groups: readonly Culprit[]): readonly string[] {
  return groups.length > shown ? [` … and ${groups.length - shown} more`] : [];
}

/** Fits on one line, and cannot drive a terminal. */
function excerpt(text: string): string {
  const printable = quote(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("\\\\", "\\");
  return cutText(printable, evidenceLength);
}
