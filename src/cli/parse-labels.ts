import { ConfigError } from "../config/config.ts";
import { ParseError } from "../core/errors.ts";
import { decodeTexts, parseJsonObject } from "../core/json.ts";
import { createLabels, quote, type Labels } from "../core/labels.ts";
import { parseMatchers } from "../core/matcher.ts";

/**
 * Labels in every form that reports print: one or more `name=value`, `{name="value", …}`, or JSON.
 * @throws {@link ConfigError}
 */
export function parseLabels(texts: readonly string[]): Labels {
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

function parsePairs(text: string): readonly (readonly [name: string, value: string])[] {
  const json = decodeTexts(parseJsonObject(text));
  if (json !== null) return json;
  if (text.trim() === "") throw new ParseError("it is empty");
  return parseMatchers(text).map(({ name, operator, value }) => {
    if (operator === "=") return [name, value];
    throw new ParseError(`a group has one value for ${quote(name)}, so that ${operator} says too little`);
  });
}
