import type { z } from "zod";

import { quote } from "../core/labels.ts";
import { limitRanges } from "../core/limits.ts";
import { cutText } from "../core/printable.ts";
import type { Path } from "./findings.ts";
import { findSecret } from "./hidden.ts";
import { didYouMean } from "./suggest.ts";

/** Says what a value is in an operator's words; a secret only by its kind. */
export function describeValue(value: unknown, path: Path): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === null) return "nothing";
  if (value === "") return "an empty text";
  const hidden = findSecret(path, value) !== null;
  switch (typeof value) {
    case "string":
      return hidden ? "text" : `the text ${quote(cutText(value, 60))}`;
    case "number":
      return hidden ? "a number" : `the number ${value}`;
    case "boolean":
      return hidden ? "true or false" : String(value);
    default:
      return "a mapping";
  }
}

/** Says how to write what was meant, where only one thing can have been: `: …`, or nothing. */
export function hintFor(value: unknown, issue: z.core.$ZodIssue, path: Path): string {
  if (issue.code === "invalid_value") return didYouMean(String(value), issue.values.map(String));
  if (issue.code !== "invalid_type") return "";
  switch (issue.expected) {
    case "boolean":
      return booleanHint(value);
    case "number":
    case "int":
      return numberHint(value, issue.message);
    case "string":
      return textHint(value, issue.message, path);
    default:
      return "";
  }
}

/** YAML 1.1 read more words as booleans than YAML 1.2 does. */
function booleanHint(value: unknown): string {
  if (typeof value !== "string") return "";
  if (/^(?:yes|on|y|true)$/i.test(value)) return ": write true";
  return /^(?:no|off|n|false)$/i.test(value) ? ": write false" : "";
}

function numberHint(value: unknown, expected: string): string {
  if (typeof value !== "string") return "";
  const percent = Number(/^(\d+(?:\.\d+)?) ?%$/.exec(value)?.[1]);
  if (percent <= 100 && expected === limitRanges.maxDeleteRatio.expected) return `: write ${percent / 100}`;
  return /^\d+(?:\.\d+)?$/.test(value) ? ": remove the quotes" : "";
}

/** Says what is missing, never which value it should be: a TTL in the wrong unit deletes what lives. */
function textHint(value: unknown, expected: string, path: Path): string {
  if (expected.includes("a duration")) {
    if (typeof value !== "number") return "";
    return path.at(-1) === "ttl" && value === 0
      ? ": a TTL must be over 0, or groups expire as they are pushed"
      : ": it needs a unit, one of ms, s, m, h, d, w and y";
  }
  if (typeof value === "number" || typeof value === "boolean") return ": put it in quotes";
  // `- {job="batch"}` without quotes is a YAML mapping.
  return typeof value === "object" && value !== null && expected.includes("a matcher")
    ? ": put the whole matcher in single quotes"
    : "";
}
