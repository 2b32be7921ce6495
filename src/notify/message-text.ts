import { formatAge } from "../core/duration.ts";
import { formatShortLabels } from "../core/labels.ts";
import { countOf, cutText, toPrintable } from "../core/printable.ts";
import type { GatewayReport, ReportEntry } from "../core/report.ts";
import { countByRule } from "../core/totals.ts";
import { countFailedDeletions, isWithheld, type GatewayNews } from "./news.ts";

export interface TextFacts {
  readonly dryRun: boolean;
  /** Whether deleted groups can be put back. */
  readonly isArchived: boolean;
}

/** Google Chat takes 4,096 bytes, the others more. */
const maxBytes = 4000;
/** Of one foreign text: labels, and what a gateway says. */
const maxSpanLength = 600;
const maxExampleLength = 200;

/**
 * The text of a message: a title, one line for each gateway and event, then what to do. Pure.
 *
 * Chats interpret markup: `<!channel>` and links in Slack, `@channel` and links in Mattermost and Rocket.Chat. Therefore all foreign
 * text (names, labels, the words of gateways) is in code spans.
 * @param news not empty
 */
export function renderText(news: readonly GatewayNews[], { dryRun, isArchived }: TextFacts): string {
  const title = `pushgateway-janitor: ${titleOf(news)}${dryRun ? " (dry run)" : ""}`;
  const advice = adviceFor(news, isArchived).join("\n");
  let text = title;
  for (const [index, summary] of news.entries()) {
    const lines = `\n${linesFor(summary).join("\n")}`;
    const rest = `\n… and ${countOf(news.length - index, "more gateway")}: see the janitor's log`;
    if (Buffer.byteLength(`${text}${lines}${rest}\n${advice}`) > maxBytes) {
      text += rest;
      break;
    }
    text += lines;
  }
  return advice === "" ? text : `${text}\n${advice}`;
}

/** As {@link renderText}, for `check notifications`. */
export const testText =
  "pushgateway-janitor: this is a test. Messages about deleted and withheld groups and about failed sweeps will arrive here.";

function titleOf(news: readonly GatewayNews[]): string {
  const deleted = news.flatMap((one) => one.deleted).length;
  const withheld = news.flatMap((one) =>
    one.withheld === "begins" ? one.report.entries.filter(isWithheld) : [],
  );
  const failed = news.filter((one) => one.failed === "begins").length;
  const ended = news.filter((one) => one.withheld === "ends" || one.failed === "ends").length;
  const parts = [
    deleted > 0 ? `${countOf(deleted, "group")} deleted` : "",
    withheld.length > 0 ? `${countOf(withheld.length, "group")} withheld` : "",
    failed > 0 ? `${countOf(failed, "gateway")} failed` : "",
    ended > 0 ? `${countOf(ended, "gateway")} recovered` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function linesFor({ report, deleted, withheld, failed }: GatewayNews): readonly string[] {
  const sentences = [
    deleted.length > 0 ? describeDeleted(deleted) : null,
    withheld === "begins"
      ? describeWithheld(report)
      : withheld === "ends"
        ? "nothing is withheld any more."
        : null,
    failed === "begins"
      ? describeFailed(report)
      : failed === "ends"
        ? "swept again without a failure."
        : null,
  ];
  return sentences.flatMap((sentence) => (sentence === null ? [] : [`${code(report.name)}: ${sentence}`]));
}

const maxRules = 5;
const maxExamples = 3;

function describeDeleted(entries: readonly ReportEntry[]): string {
  const byRule = countByRule(entries, []).toSorted((a, b) => b.deleted - a.deleted);
  const series = byRule.reduce((sum, { deletedSeries }) => sum + deletedSeries, 0);
  const size = series > 0 ? ` (${countOf(series, "series", "series")})` : "";
  const rules = byRule
    .slice(0, maxRules)
    .map(({ rule, deleted }) => `${deleted} by rule ${code(rule ?? "")}`);
  if (byRule.length > maxRules) rules.push(`the others by ${byRule.length - maxRules} more rules`);
  const oldest = entries
    .toSorted((a, b) => (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0))
    .slice(0, maxExamples)
    .map(({ group, ageSeconds }) => {
      const age = ageSeconds === null ? "" : ` (${formatAge(ageSeconds)})`;
      return `${code(formatShortLabels(group.labels), maxExampleLength)}${age}`;
    });
  const label = entries.length > oldest.length ? "The oldest: " : "";
  return `${countOf(entries.length, "group")} deleted${size}: ${rules.join(", ")}. ${label}${oldest.join(", ")}`;
}

function describeWithheld({ entries, error }: GatewayReport): string {
  const withheld = entries.filter(isWithheld);
  const reasons = [...new Set(withheld.map(({ verdict }) => verdict.reason))];
  return `${countOf(withheld.length, "expired group")} withheld: ${reasons.join(", ")}.${explain(error)}`;
}

function describeFailed(report: GatewayReport): string {
  const deletions = countFailedDeletions(report);
  const isUnswept = report.status === "failed" || deletions === 0;
  const what = isUnswept ? "not swept." : `${countOf(deletions, "deletion")} did not take effect.`;
  return `${what}${explain(report.error)}`;
}

function explain(error: GatewayReport["error"]): string {
  return error === null ? "" : ` ${code(error.message)}`;
}

function adviceFor(news: readonly GatewayNews[], isArchived: boolean): readonly string[] {
  const advice: string[] = [];
  if (news.some(({ withheld }) => withheld === "begins"))
    advice.push("`pushgateway-janitor report` lists withheld groups and the reasons.");
  if (news.some(({ failed }) => failed === "begins"))
    advice.push("`pushgateway-janitor doctor` examines a gateway that fails.");
  if (isArchived && news.some(({ deleted }) => deleted.length > 0))
    advice.push("`pushgateway-janitor restore` brings a group back that should have stayed.");
  return advice;
}

/** A code span, which chats show as it is. */
function code(text: string, max = maxSpanLength): string {
  const shown = cutText(toPrintable(text), max)
    // It would end the span.
    .replaceAll("`", "'")
    // Slack reads these in code spans, too.
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    // Rocket.Chat finds mentions in code spans, too: an invisible character breaks them.
    .replaceAll(/(?<!\w)@(?=\w)/g, "@\u2060");
  return `\`${shown}\``;
}
