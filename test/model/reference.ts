import type { Limits } from "../../src/core/limits.ts";
import { keepLatestValue } from "../../src/core/rule.ts";
import { ruleOf, ttlMetricName, type RuleSpec } from "./rule-spec.ts";
import type { TrueGroup, TrueGroups } from "./truth.ts";

/** What a plan depends on besides the groups. */
export interface Moment {
  /** Gateway time. */
  readonly now: number;
  /** By the janitor's own clock. */
  readonly localNow: number;
  /** When the gateway was started. */
  readonly startedAt: number;
  readonly rules: readonly RuleSpec[];
  readonly limits: Limits;
  /** What Prometheus answered; null: nothing of use. */
  readonly hosts: ReadonlySet<string> | null;
}

/** What section 4 of the design makes of a group. */
export interface Expectation {
  readonly rule: RuleSpec | undefined;
  /** `delete`, or why it is kept. */
  readonly fate: string;
  /** It has the TTL of hosts that have vanished. */
  readonly vanished: boolean;
  /** So near the end of its TTL that the janitor, whose `Date` has whole seconds, may see it otherwise. */
  readonly borderline: boolean;
}

/** The gateway's time reaches the janitor cut to whole seconds. */
const blurSeconds = 4;

/** Decides about all groups, straight from the text of the design. */
export function expectFates(groups: TrueGroups, moment: Moment): ReadonlyMap<string, Expectation> {
  const now = agreedNow(moment);
  const outage = outageOf(groups, moment);
  const judged = [...groups].map(([key, group]) => {
    const rule = ruleOf(moment.rules, group.labels);
    const activity = activityOf(group, rule, !isOwnFault(group, [...groups.values()], now));
    const allowance = activity < moment.startedAt ? outage.seconds : 0;
    const age = now - activity - allowance;
    return {
      key,
      group,
      rule,
      activity,
      lead: activity - now,
      age,
      doubt: doubtOf(activity, outage, moment),
    };
  });
  // Whether clocks agree that are a minute apart cannot be told to the second.
  const unsure = Math.abs(Math.abs(moment.now - moment.localNow) - 60) < blurSeconds;
  const expectations = judged.map((one) => {
    const expectation = expectAlone(one, moment.hosts);
    return [one.key, { ...expectation, borderline: expectation.borderline || unsure }] as const;
  });
  const latest = latestOf(judged);
  return new Map(
    expectations.map(([key, expectation]) => [
      key,
      expectation.fate === "delete" && latest.has(key)
        ? { ...expectation, fate: "kept_latest" }
        : expectation,
    ]),
  );
}

/**
 * When a group was last alive, as its rule sees it.
 * @param refusedCounts whether its refused pushes are life although its rule counts successes
 */
export function activityOf(group: TrueGroup, rule: RuleSpec | undefined, refusedCounts: boolean): number {
  const onlySuccess = rule?.action !== "keep" && rule?.since === "last_success" && !refusedCounts;
  return onlySuccess && group.success > 0 ? group.success : Math.max(group.success, group.failure);
}

export function isHidden({ labels, gauges }: TrueGroup): boolean {
  return gauges.has("labels") && (labels["instance"] ?? "") === "";
}

function isUnaddressable({ labels }: TrueGroup): boolean {
  return Object.values(labels).some((value) => value.includes("\uFFFD"));
}

interface Judged {
  readonly key: string;
  readonly group: TrueGroup;
  readonly rule: RuleSpec | undefined;
  /** 0: unknown. */
  readonly activity: number;
  /** How far it lies in the future. */
  readonly lead: number;
  readonly age: number;
  /** How much older than its TTL it may be, as a push of it may be lost; counts if the TTL was not over when the outage began. */
  readonly doubt: { readonly unless: number; readonly seconds: number };
}

function expectAlone(
  { group, rule, activity, lead, age, doubt }: Judged,
  hosts: Moment["hosts"],
): Expectation {
  const sure = (fate: string): Expectation => ({ rule, fate, vanished: false, borderline: false });
  if (isHidden(group)) return sure("unreadable_labels");
  if (rule === undefined) return sure("no_rule");
  if (rule.action === "keep") return sure("rule_keeps");
  if (activity === 0) return sure("invalid_time");
  if (lead > 2 + blurSeconds) return sure("future_time");
  const vanished = hasVanished(rule, group, hosts);
  const ttl = vanished === null ? ttlOf(rule, group) : Math.min(vanished.ttl, rule.ttl);
  // Whether it was pushing when the outage began has nothing to do with what Prometheus knows now.
  const pushing = vanished === null ? ttl : rule.ttl;
  const longest = ttl + (activity + pushing > doubt.unless ? doubt.seconds : 0);
  const ends = [ttl, longest].some((end) => Math.abs(age - end) < blurSeconds);
  const borderline = ends || lead > 2 - blurSeconds;
  const blurred = (fate: string): Expectation => ({ rule, fate, vanished: vanished !== null, borderline });
  if (age <= ttl) return blurred("within_ttl");
  if (age <= longest) return blurred("push_may_be_lost");
  if (rule.action === "report") return blurred("rule_reports");
  return blurred(isUnaddressable(group) ? "unaddressable" : "delete");
}

/** A host with a port, or without the one that it has elsewhere, is the same host. What a group declares itself comes first. */
function hasVanished(
  { vanished, ttlMetric }: RuleSpec,
  { labels, gauges }: TrueGroup,
  hosts: Moment["hosts"],
): RuleSpec["vanished"] {
  const declares = ttlMetric !== null && gauges.has(ttlMetricName);
  return isGone(labels["instance"], hosts) && !declares ? vanished : null;
}

/** Whether an answer of Prometheus says that a host does not exist. */
export function isGone(instance: string | undefined, hosts: Moment["hosts"]): boolean {
  if (hosts === null || hosts.size === 0 || instance === undefined || instance === "") return false;
  return ![...hosts].some((host) => host === instance || host.split(":")[0] === instance);
}

function ttlOf(rule: RuleSpec, { gauges }: TrueGroup): number {
  if (rule.ttlMetric === null || !gauges.has(ttlMetricName)) return rule.ttl;
  const { min, max } = rule.ttlMetric;
  const declared = gauges.get(ttlMetricName) ?? Number.NaN;
  // What it says makes no sense: the TTL is unknown, and the longest is the safe one.
  return declared > 0 && Number.isFinite(declared)
    ? Math.min(Math.max(declared, min), max)
    : Math.max(rule.ttl, max);
}

/** The gateway's time, by which pushes are stamped; further than a minute apart, the earlier clock's. */
export function agreedNow({ now, localNow }: Pick<Moment, "now" | "localNow">): number {
  return Math.abs(now - localNow) <= 60 ? now : Math.min(now, localNow);
}

interface TrueOutage {
  readonly began: number;
  readonly seconds: number;
}

/** How long the gateway may have been down around its last start, as far as that is allowed for: since the last push known before. */
function outageOf(groups: TrueGroups, { startedAt, limits }: Moment): TrueOutage {
  const before = [...groups.values()]
    .map(({ success, failure }) => (success > 0 ? success : failure))
    .filter((push) => push > 0 && push < startedAt);
  const began = Math.max(...before);
  return { began, seconds: before.length === 0 ? 0 : Math.min(startedAt - began, limits.maxOutageSeconds) };
}

/** A gateway that is killed forgets pushes: a group may have lived until the start, as far as that is allowed for. */
function doubtOf(
  activity: number,
  { began, seconds }: TrueOutage,
  { startedAt, limits }: Moment,
): Judged["doubt"] {
  const lived = activity < startedAt ? Math.min(startedAt - activity, limits.maxOutageSeconds) - seconds : 0;
  return { unless: began, seconds: lived };
}

/**
 * A refused push is the pusher's own fault if somebody else's was accepted after it, and nobody else is being refused since the
 * pusher itself last succeeded. What is in the future says nothing about now.
 */
function isOwnFault(group: TrueGroup, all: readonly TrueGroup[], now: number): boolean {
  const others = all.filter((other) => other !== group);
  const succeeded = others.some(({ success }) => success > group.failure && success <= now + 2);
  const refused = others.some(({ success, failure }) => failure > success && failure > group.success);
  return succeeded && !refused;
}

/** The groups that hold a place of their `keep_latest` rule, by what was pushed last; what holds no metrics has none. */
function latestOf(judged: readonly Judged[]): ReadonlySet<string> {
  const contests = new Map<string, Judged[]>();
  for (const one of judged) {
    const { rule, group } = one;
    const holdsSomething = group.success > 0 && group.gauges.size > 0;
    const contends = one.activity > 0 && one.lead <= 2 && !isHidden(group) && holdsSomething;
    if (rule === undefined || rule.action === "keep" || rule.keepLatest === null || !contends) continue;
    const contest = JSON.stringify([
      rule,
      rule.keepLatest.by.map((by) => keepLatestValue(by, new Map(Object.entries(group.labels)))),
    ]);
    contests.set(contest, [...(contests.get(contest) ?? []), one]);
  }
  const freshest = [...contests.values()].flatMap((contenders) =>
    contenders
      .toSorted((a, b) => b.group.success - a.group.success)
      .slice(0, contenders[0]?.rule?.keepLatest?.count),
  );
  return new Set(freshest.map(({ key }) => key));
}
