import { formatAge } from "../core/duration.ts";
import { formatShortLabels } from "../core/labels.ts";
import { countOf, cutText, toPrintable } from "../core/printable.ts";
import type { DeletedSummary, FailedSummary, GatewaySummary, WithheldSummary } from "./news.ts";

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
export function renderText(news: readonly GatewaySummary[], { dryRun, isArchived }: TextFacts): string {
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

function titleOf(news: readonly GatewaySummary[]): string {
  const deleted = news.reduce((sum, one) => sum + (one.deleted?.groups ?? 0), 0);
  const withheld = news.reduce((sum, { withheld: one }) => sum + (isBegin(one) ? one.groups : 0), 0);
  const failed = news.filter((one) => isBegin(one.failed)).length;
  const ended = news.filter((one) => one.withheld === "ended" || one.failed === "ended").length;
  const parts = [
    deleted > 0 ? `${countOf(deleted, "group")} deleted` : "",
    withheld > 0 ? `${countOf(withheld, "group")} withheld` : "",
    failed > 0 ? `${countOf(failed, "gateway")} failed` : "",
    ended > 0 ? `${countOf(ended, "gateway")} recovered` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function isBegin<T extends object>(event: T | "ended" | null): event is T {
  return event !== null && event !== "ended";
}

function linesFor({ gateway, deleted, withheld, failed }: GatewaySummary): readonly string[] {
  const sentences = [
    deleted === null ? null : describeDeleted(deleted),
    withheld === null
      ? null
      : withheld === "ended"
        ? "nothing is withheld any more."
        : describeWithheld(withheld),
    failed === null ? null : failed === "ended" ? "swept again without a failure." : describeFailed(failed),
  ];
  return sentences.flatMap((sentence) => (sentence === null ? [] : [`${code(gateway)}: ${sentence}`]));
}

function describeDeleted({ groups, series, byRule, examples }: DeletedSummary): string {
  const size = series > 0 ? ` (${countOf(series, "series", "series")})` : "";
  const rules = byRule.slice(0, 5).map(({ rule, groups: count }) => `${count} by rule ${code(rule)}`);
  const others = byRule.length > 5 ? [`the others by ${byRule.length - 5} more rules`] : [];
  const oldest = examples.map(({ group, ageSeconds }) => {
    const age = ageSeconds === null ? "" : ` (${formatAge(ageSeconds)})`;
    return `${code(formatShortLabels(group.labels), maxExampleLength)}${age}`;
  });
  const label = groups > examples.length ? "The oldest: " : "";
  return `${countOf(groups, "group")} deleted${size}: ${[...rules, ...others].join(", ")}. ${label}${oldest.join(", ")}`;
}

function describeWithheld({ groups, reasons, explanation }: WithheldSummary): string {
  const why = explanation === null ? "" : ` ${code(explanation)}`;
  return `${countOf(groups, "expired group")} withheld: ${reasons.join(", ")}.${why}`;
}

function describeFailed({ deletions, explanation }: FailedSummary): string {
  const what = deletions === 0 ? "not swept." : `${countOf(deletions, "deletion")} did not take effect.`;
  return explanation === null ? what : `${what} ${code(explanation)}`;
}

function adviceFor(news: readonly GatewaySummary[], isArchived: boolean): readonly string[] {
  const advice: string[] = [];
  if (news.some(({ withheld }) => isBegin(withheld)))
    advice.push("`pushgateway-janitor report` lists withheld groups and the reasons.");
  if (news.some(({ failed }) => isBegin(failed)))
    advice.push("`pushgateway-janitor doctor` examines a gateway that fails.");
  if (isArchived && news.some(({ deleted }) => deleted !== null))
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
