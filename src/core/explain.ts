import { decide, type Decision, type Circumstances } from "./decide.ts";
import { labelsKey, type Labels, quote } from "./labels.ts";
import { type Matcher, formatMatcher } from "./matcher.ts";
import { surveyPushes, countedPushes } from "./life.ts";
import { isOwnGroup, type Group } from "./group.ts";
import { type Rule, formatKeepLatestLabel, type TtlRule } from "./rule.ts";
import { formatDuration } from "./duration.ts";

/** How the rules decide about one group. */
export interface Explanation {
  /** Every rule in order. */
  readonly rules: readonly RuleExplanation[];
  readonly deciding: Rule | null;
  /** The group of the janitor's own metrics: no rule decides. */
  readonly own: boolean;
}

export interface RuleExplanation {
  readonly rule: Rule;
  /** Matchers that do not match; empty: the rule matches. */
  readonly failing: readonly Matcher[];
}

/** Runs the production matchers over labels. Pure. */
export function explain(rules: readonly Rule[], labels: Labels): Explanation {
  const explained = rules.map((rule) => ({
    rule,
    failing: rule.matchers.filter((one) => !one.matches(labels)),
  }));
  const own = isOwnGroup(labels);
  return {
    rules: explained,
    deciding: own ? null : (explained.find(({ failing }) => failing.length === 0)?.rule ?? null),
    own,
  };
}

/** The production decision about a group of this age. Pure. */
export function decideAtAge(rules: readonly Rule[], labels: Labels, ageSeconds: number): Decision {
  // Any moment will do: only the difference counts.
  const now = 2_000_000_000;
  const group = {
    key: labelsKey(labels),
    labels,
    obstacle: null,
    lastSuccessAt: now - ageSeconds,
    lastFailureAt: 0,
    holdsMetrics: null,
    series: 0,
    nativeHistograms: [],
    gauges: new Map<string, number>(),
  };
  return decide(group, { rules, now, outage: null, pushes: surveyPushes([group], now) });
}

/** Says whether a rule matches and decides: `ci: matches, decides`. */
export function describeMatch({ rule, failing }: RuleExplanation, { deciding, own }: Explanation): string {
  if (failing.length > 0) return `${rule.name}: does not match ${failing.map(formatMatcher).join(", ")}`;
  if (rule === deciding) return `${rule.name}: matches, decides`;
  return `${rule.name}: matches, but ${own ? "no rule decides about this group" : "an earlier rule decides"}`;
}

/** Says what the deciding rule does, in sentences. */
export function describeDeciding({ deciding, own }: Explanation): readonly string[] {
  if (own) return ["The janitor's own metrics: no rule decides, the group is kept (own_metrics)."];
  if (deciding === null) return ["No rule matches: the group is kept (no_rule)."];
  if (deciding.action === "keep") return [`Rule ${deciding.name} keeps it, however old (rule_keeps).`];
  return describeTtlRule(deciding);
}

function describeTtlRule({
  name,
  action,
  since,
  ttlSeconds,
  keepLatest,
  ...rest
}: TtlRule): readonly string[] {
  const { ttlMetric, ttlLabel, vanished } = rest;
  const start =
    since === "last_success" ? "its last successful push" : "its last push, failed pushes included";
  const then =
    action === "report" ? "it is reported, but kept (rule_reports)" : "it is deleted (ttl_expired)";
  const declared = [
    ...(ttlMetric === null ? [] : [`its gauge ${ttlMetric.name}`]),
    ...(ttlLabel === null ? [] : [`its label ${ttlLabel.name}`]),
  ];
  const instead = declared.length === 0 ? "" : `, or what ${declared.join(" or ")} says,`;
  const sentences = [
    `Rule ${name}: more than ${formatDuration(ttlSeconds)}${instead} after ${start}, ${then}.`,
  ];
  if (vanished !== null) {
    const { groupLabel, ttlSeconds } = vanished;
    sentences.push(
      `If Prometheus does not know its ${groupLabel}, the TTL is ${formatDuration(ttlSeconds)} (host_vanished).`,
    );
  }
  if (keepLatest !== null) sentences.push(describeKeepLatest(keepLatest));
  return sentences;
}

function describeKeepLatest({ count, by }: NonNullable<TtlRule["keepLatest"]>): string {
  const groups = count === 1 ? "The freshest group" : `The ${count} freshest groups`;
  const each = by.length === 0 ? "that it matches" : `of each ${by.map(formatKeepLatestLabel).join(", ")}`;
  return `${groups} ${each} ${count === 1 ? "is" : "are"} kept, however old (kept_latest).`;
}

/** Says how old the group is, which TTL it has and why, and when it expires; null: the decision depends on no age. */
export function describeNumbers(
  decision: Decision,
  { pushes }: Pick<Circumstances, "pushes">,
): string | null {
  const { group, rule, ttlSeconds } = decision;
  if (rule === null || rule.action === "keep" || decision.ageSeconds === null || ttlSeconds === null)
    return null;
  const ageSeconds = Math.round(decision.ageSeconds);
  const left = ttlSeconds - ageSeconds;
  const expiry = left < 0 ? `expired ${formatDuration(-left)} ago` : `expires in ${formatDuration(left)}`;
  const ttl = `${formatDuration(ttlSeconds)}${describeTtlSource(decision, rule)}`;
  return `${describeLastPush(group, rule, ageSeconds, pushes)}, and its TTL is ${ttl}: it ${expiry}.`;
}

function describeLastPush(
  group: Group,
  rule: TtlRule,
  ageSeconds: number,
  pushes: Circumstances["pushes"],
): string {
  const ago = `${formatDuration(ageSeconds)} ago`;
  const refused = (group.lastFailureAt ?? 0) - (group.lastSuccessAt ?? 0);
  if (refused <= 0) return `Its last push was ${ago}`;
  return countedPushes(group, rule, pushes) === "last_success"
    ? `Its last successful push was ${ago} (one that was refused ${formatDuration(refused)} later does not count)`
    : `Its last push was ${ago} (it was refused, which counts as life)`;
}

function describeTtlSource(
  { group, ttlSource }: Decision,
  { vanished, ttlMetric, ttlLabel }: TtlRule,
): string {
  const gauge = ttlMetric === null ? undefined : group.gauges.get(ttlMetric.name);
  const declared =
    gauge === undefined
      ? `its label ${ttlLabel?.name} says ${quote(group.labels.get(ttlLabel?.name ?? "") ?? "")}`
      : `its gauge ${ttlMetric?.name} says ${gauge}`;
  switch (ttlSource) {
    case "vanished": {
      const { groupLabel = "" } = vanished ?? {};
      return `, as Prometheus does not know its ${groupLabel} ${quote(group.labels.get(groupLabel) ?? "")}`;
    }
    case "ttl_metric":
    case "ttl_label":
      return `, as ${declared}`;
    case "senseless":
      return `, the longest of the rule, as ${declared}, which makes no sense`;
    case "rule":
    case null:
      return "";
  }
}
