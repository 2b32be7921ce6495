import { formatDuration, parseDuration } from "../core/duration.ts";
import { explain as explainRules, type Explanation, type RuleExplanation } from "../core/explain.ts";
import { createLabels, formatLabels, quote, type Labels } from "../core/labels.ts";
import { formatMatcher, parseMatchers } from "../core/matcher.ts";
import { ParseError } from "../core/errors.ts";
import { formatKeepLatestLabel, type Rule, type TtlRule } from "../core/rule.ts";
import { exitCodes } from "./exit-code.ts";
import type { SourceFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { parseFlag } from "./parse-flag.ts";
import { loadSettings } from "./settings.ts";
import { ConfigError } from "../config/config-error.ts";

export interface ExplainFlags extends SourceFlags {
  readonly age?: string;
}

/** `explain job=ci instance=x`: which rule decides about such a group, and why. */
export async function explain(texts: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  const labels = parseLabels(texts);
  const ageSeconds = flags.age === undefined ? null : parseFlag("--age", flags.age, parseDuration);
  const { rules } = await loadSettings(flags, io);
  io.stdout.write(renderExplanation(labels, explainRules(rules, labels, ageSeconds), ageSeconds));
  return exitCodes.done;
}

/**
 * Labels in every form that reports print: one or more `name=value`, `{name="value", …}`, or JSON.
 * @throws {@link ConfigError}
 */
function parseLabels(texts: readonly string[]): Labels {
  const labels = new Map<string, string>();
  for (const text of texts) {
    try {
      for (const [name, value] of parsePairs(text)) {
        if (labels.has(name)) throw new ParseError(`the label ${quote(name)} is given twice`);
        labels.set(name, value);
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      throw new ConfigError(
        `${quote(text)} cannot be read as labels: ${error.message}.\n` +
          `Write job=ci instance=runner-1, or paste what a report prints: '{job="ci", instance="runner-1"}'`,
      );
    }
  }
  return createLabels(labels);
}

function parsePairs(text: string): (readonly [name: string, value: string])[] {
  const json = parseJson(text);
  if (json !== null) return json;
  if (text.trim() === "") throw new ParseError("it is empty");
  return parseMatchers(text).map(({ name, operator, value }) => {
    if (operator === "=") return [name, value];
    throw new ParseError(`a group has one value for ${quote(name)}, so that ${operator} says too little`);
  });
}

/** null: it is no JSON object of texts. */
function parseJson(text: string): (readonly [name: string, value: string])[] | null {
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return text.trimStart().startsWith("{") && entries.every(([, value]) => typeof value === "string")
      ? (entries as [string, string][])
      : null;
  } catch {
    return null;
  }
}

function renderExplanation(
  labels: Labels,
  { rules, deciding, own, decision }: Explanation,
  age: number | null,
): string {
  const lines = [formatLabels(labels), ""];
  for (const one of rules) lines.push(...renderRule(one, one.rule === deciding, own));
  lines.push("", own ? ownGroupSentence : describeDecidingRule(deciding));
  const keepLatest = deciding === null || deciding.action === "keep" ? null : deciding.keepLatest;
  if (keepLatest !== null) lines.push(describeKeepLatest(keepLatest));
  if (decision !== null && age !== null) {
    const { verdict } = decision;
    const unless = keepLatest !== null && verdict.verdict === "delete" ? ", unless it is one of those" : "";
    lines.push(`At an age of ${formatDuration(age)}: ${verdict.verdict} (${verdict.reason})${unless}`);
  }
  return `${lines.join("\n")}\n`;
}

function describeKeepLatest({ count, by }: NonNullable<TtlRule["keepLatest"]>): string {
  const groups = count === 1 ? "The freshest group" : `The ${count} freshest groups`;
  const each = by.length === 0 ? "that it matches" : `of each ${by.map(formatKeepLatestLabel).join(", ")}`;
  return `${groups} ${each} ${count === 1 ? "is" : "are"} kept, however old (kept_latest).`;
}

const ownGroupSentence = "The janitor's own metrics: no rule decides, the group is kept (own_metrics).";

function renderRule({ rule, failing }: RuleExplanation, decides: boolean, own: boolean): string[] {
  if (failing.length === 0) {
    const why = own ? "no rule decides about this group" : "an earlier rule decides";
    return [`  ${rule.name}: matches${decides ? ", decides" : `, but ${why}`}`];
  }
  return [`  ${rule.name}: does not match ${failing.map(formatMatcher).join(", ")}`];
}

function describeDecidingRule(rule: Rule | null): string {
  if (rule === null) return "No rule matches: the group is kept (no_rule).";
  if (rule.action === "keep") return `Rule ${rule.name} keeps it, however old (rule_keeps).`;
  const since =
    rule.since === "last_success" ? "its last successful push" : "its last push, failed pushes included";
  const then =
    rule.action === "report" ? "it is reported, but kept (rule_reports)" : "it is deleted (ttl_expired)";
  const gauge = rule.ttlMetric === null ? "" : `, or what its gauge ${rule.ttlMetric.name} says`;
  return `Rule ${rule.name}: more than ${formatDuration(rule.ttlSeconds)}${gauge} after ${since}, ${then}.`;
}
