import { formatDuration, parseTtl } from "../core/duration.ts";
import { parseMatcher, type Matcher } from "../core/matcher.ts";
import type { Rule, TtlRule } from "../core/rule.ts";
import type { Cursor } from "./cursor.ts";
import { findContradiction, findShadows, type RuleScope } from "./rule-effect.ts";
import { checkUnique, decodeDuration, decodeName, decodePositiveDuration } from "./scalars.ts";
import type { ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";
import { has } from "./sources.ts";

type RuleDraft = Draft<ConfigInput["rules"][number]>;

/** Decodes all rules and reports those that could never decide about a group. */
export function decodeRules(
  drafts: Draft<ConfigInput>["rules"],
  at: Cursor,
  hasPrometheus: boolean,
): readonly Rule[] {
  const rules: Rule[] = [];
  const scopes: (RuleScope & { readonly at: Cursor })[] = [];
  for (const [index, draft] of (drafts ?? []).entries()) {
    if (draft === undefined) continue;
    const here = at.to(index);
    const name = decodeName(draft.name, here.to("name"));
    const matchers = decodeMatchers(draft.matchers, here.to("matchers"));
    if (matchers !== null) scopes.push({ name, matchers, at: here.to("matchers") });
    rules.push(decodeRule(draft, { name, matchers: matchers ?? [] }, here, hasPrometheus));
  }
  for (const [index, shadow] of findShadows(scopes).entries()) {
    if (shadow !== null) scopes[index]?.at.errorAtKey(shadow);
  }
  checkUnique(
    (drafts ?? []).map((draft) => draft?.name),
    (line) => `this name belongs to the rule on line ${line}`,
    (index) => at.to(index, "name"),
  );
  return rules;
}

/** null: at least one could not be read, so that nothing can be said about the whole. */
function decodeMatchers(drafts: RuleDraft["matchers"], at: Cursor): readonly Matcher[] | null {
  if (drafts === undefined) return null;
  const matchers = drafts.map((draft, index) =>
    draft === undefined ? null : at.to(index).parse<Matcher | null>(draft, parseMatcher, null),
  );
  if (!matchers.every((matcher) => matcher !== null)) return null;
  const contradiction = findContradiction(matchers);
  if (contradiction !== null) at.to(contradiction.index).error(contradiction.message);
  return matchers;
}

function decodeRule(draft: RuleDraft, scope: RuleScope, at: Cursor, hasPrometheus: boolean): Rule {
  // Values are checked in a keep rule, too: whoever removes the action should not meet new problems.
  const rule: TtlRule = {
    ...scope,
    action: draft.action === "report" ? "report" : "delete",
    ttlSeconds: draft.ttl === undefined ? Number.NaN : at.to("ttl").parse(draft.ttl, parseTtl, Number.NaN),
    since: draft.since ?? "last_activity",
    keepLatest: decodeKeepLatest(draft.keep_latest, at.to("keep_latest")),
    ttlMetric: decodeTtlMetric(draft.ttl_metric, at.to("ttl_metric")),
    ttlLabel: null,
    vanished: decodeVanished(draft.vanished, at.to("vanished"), hasPrometheus),
  };
  if (draft.action === "keep") {
    for (const key of ["ttl", "since", "keep_latest", "vanished", "ttl_metric"]) {
      if (has(draft, key)) at.to(key).errorAtKey(`${key} has no effect in a rule that keeps its groups`);
    }
    return { ...scope, action: "keep" };
  }
  if (!has(draft, "ttl") && !(has(draft, "action") && draft.action === undefined)) {
    at.error('"ttl" is missing: write how old its groups may get, or action: keep');
  }
  checkVanishedTtl(rule, at.to("vanished", "ttl"));
  return rule;
}

function decodeKeepLatest(draft: RuleDraft["keep_latest"], at: Cursor): TtlRule["keepLatest"] {
  if (draft === undefined) return null;
  checkUnique(
    draft.by ?? [],
    () => "this label is listed twice",
    (index) => at.to("by", index),
  );
  return { count: draft.count ?? 1, by: (draft.by ?? []).map((label) => label ?? "") };
}

function decodeTtlMetric(draft: RuleDraft["ttl_metric"], at: Cursor): TtlRule["ttlMetric"] {
  if (draft === undefined) return null;
  const { name = "" } = draft;
  if (name !== "" && !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    at.to("name").error("this is not the name of a metric: letters, digits, _ and :, no digit first");
  }
  const minSeconds = decodePositiveDuration(
    draft.min,
    at.to("min"),
    "groups would expire as they are pushed",
  );
  const maxSeconds = decodeDuration(draft.max, at.to("max"));
  if (maxSeconds < minSeconds) at.to("max").error(`max must not be below min, ${formatDuration(minSeconds)}`);
  return { name, minSeconds, maxSeconds };
}

function decodeVanished(
  draft: RuleDraft["vanished"],
  at: Cursor,
  hasPrometheus: boolean,
): TtlRule["vanished"] {
  if (draft === undefined) return null;
  if (!hasPrometheus) at.errorAtKey('"vanished" asks Prometheus: add the section prometheus: { url: … }');
  if (draft.query?.trim() === "") at.to("query").error("expected a PromQL query, got only white space");
  const ttlSeconds = decodePositiveDuration(
    draft.ttl,
    at.to("ttl"),
    "a host that Prometheus misses once would lose its groups",
  );
  const label = draft.label ?? "";
  return { query: draft.query ?? "", groupLabel: label, seriesLabel: label, ttlSeconds };
}

function checkVanishedTtl({ ttlSeconds, ttlMetric, vanished }: TtlRule, at: Cursor): void {
  if (vanished === null) return;
  const longest = Math.max(ttlSeconds, ttlMetric?.maxSeconds ?? 0);
  if (vanished.ttlSeconds >= longest) {
    at.error(`"vanished" has no effect: its TTL is not shorter than the rule's, ${formatDuration(longest)}`);
  }
}
