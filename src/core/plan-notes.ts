import type { Decision } from "./decide.ts";
import { groupBy } from "./group-by.ts";
import { formatDuration } from "./duration.ts";
import { formatShortLabels, quote } from "./labels.ts";
import type { FindPresence } from "./liveness.ts";
import { countOf, cutText } from "./printable.ts";
import type { TtlRule } from "./rule.ts";

/** What groups show about the rules that decided about them, one sentence each. */
export function noteRules(decisions: readonly Decision[], findPresence: FindPresence): readonly string[] {
  return [...groupBy(decisions, (decision) => decision.rule)]
    .flatMap(([rule, own]) =>
      rule === null || rule.action === "keep"
        ? []
        : [noteHosts(rule, own, findPresence), noteSenselessTtls(rule, own)],
    )
    .filter((note) => note !== null);
}

/** Some notes need so many groups as evidence. */
const minGroupsForNote = 3;

/** Names of hosts that do not agree with those that the query returns: a wrong label, or a port that only one of them has. */
function noteHosts(rule: TtlRule, decisions: readonly Decision[], findPresence: FindPresence): string | null {
  const { name, vanished } = rule;
  if (vanished === null) return null;
  const label = vanished.groupLabel;
  const groups = decisions.filter(({ group }) => (group.labels.get(label) ?? "") !== "");
  const [first] = groups;
  if (first === undefined) {
    if (decisions.length < minGroupsForNote) return null;
    return `rule ${name}: none of its ${decisions.length} groups has the label ${quote(label)}, so that no host of them can vanish`;
  }
  const hostOf = ({ group }: Decision): string => quote(cutText(group.labels.get(label) ?? "", 100));
  const presences = groups.map(({ group, ttlSource }) =>
    ttlSource === "vanished" ? "gone" : findPresence(rule, group.labels),
  );
  const namesakes = groups.filter((_, index) => presences[index] === "namesake");
  const [namesake] = namesakes;
  if (namesake !== undefined) {
    return (
      `rule ${name}: ${countOf(namesakes.length, "group")} of hosts that the query knows only by a name with another port, without one, or spelt differently, ` +
      `count as alive, for example ${hostOf(namesake)}: make the names agree, as with label_replace in the query`
    );
  }
  if (decisions.length < minGroupsForNote || presences.some((presence) => presence !== "gone")) return null;
  return (
    `rule ${name}: the query knows no host of its ${countOf(groups.length, "group")} by the label ${quote(label)}, for example ${hostOf(first)}: ` +
    "check that the names agree, as with label_replace in the query"
  );
}

function noteSenselessTtls(
  { name, ttlMetric, ttlLabel }: TtlRule,
  decisions: readonly Decision[],
): string | null {
  const groups = decisions.filter(({ ttlSource }) => ttlSource === "senseless");
  const [first] = groups;
  if (first === undefined) return null;
  const sources = [
    ...(ttlMetric === null ? [] : [`gauge ${ttlMetric.name}`]),
    ...(ttlLabel === null ? [] : [`label ${ttlLabel.name}`]),
  ];
  return (
    `rule ${name}: ${countOf(groups.length, "group")} with a TTL that makes no sense (${sources.join(" or ")}), for example ` +
    `${formatShortLabels(first.group.labels)}: the longest that the rule can give counts, ${formatDuration(first.ttlSeconds ?? 0)}`
  );
}
