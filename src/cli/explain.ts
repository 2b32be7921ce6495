import { formatDuration } from "../core/duration.ts";
import {
  describeDeciding,
  describeMatch,
  explain as explainRules,
  type Explanation,
} from "../core/explain.ts";
import { createLabels, formatLabels, quote, type Labels } from "../core/labels.ts";
import { parseMatchers } from "../core/matcher.ts";
import { ParseError } from "../core/errors.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExplainFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { loadSettings } from "./settings.ts";
import { ConfigError } from "../config/config.ts";

/** `explain job=ci instance=x`: which rule decides about such a group, and why. */
export async function explain(texts: readonly string[], flags: ExplainFlags, io: Io): Promise<number> {
  const labels = parseLabels(texts);
  const { age: ageSeconds = null } = flags;
  const { config, warnings } = await loadSettings(flags);
  for (const warning of warnings) io.stderr.write(`${warning}\n`);
  io.stdout.write(renderExplanation(labels, explainRules(config.rules, labels, ageSeconds), ageSeconds));
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

function renderExplanation(labels: Labels, explanation: Explanation, age: number | null): string {
  const { deciding, decision } = explanation;
  const lines = [formatLabels(labels), ""];
  for (const one of explanation.rules) lines.push(`  ${describeMatch(one, explanation)}`);
  lines.push("", ...describeDeciding(explanation));
  if (decision !== null && age !== null) {
    const { verdict } = decision;
    const keepsLatest = deciding !== null && deciding.action !== "keep" && deciding.keepLatest !== null;
    const unless = keepsLatest && verdict.verdict === "delete" ? ", unless it is one of those" : "";
    lines.push(`At an age of ${formatDuration(age)}: ${verdict.verdict} (${verdict.reason})${unless}`);
  }
  return `${lines.join("\n")}\n`;
}
