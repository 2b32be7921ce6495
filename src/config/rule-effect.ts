import { formatMatcher, type Matcher } from "../core/matcher.ts";

/** Which groups a rule is about. */
export interface RuleScope {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

/**
 * Says why a rule with these matchers never decides: an earlier rule, all of whose matchers it repeats, takes every
 * group it could match. null: nothing is known against it.
 */
export function findShadow(matchers: readonly Matcher[], earlier: readonly RuleScope[]): string | null {
  const own = restrictionsOf(matchers);
  for (const { name, matchers: others } of earlier) {
    const theirs = restrictionsOf(others);
    if (![...theirs].every((text) => own.has(text))) continue;
    const rule = JSON.stringify(name);
    if (theirs.size === 0) return `this rule never decides: rule ${rule} before it matches every group`;
    return own.size === theirs.size
      ? `this rule never decides: rule ${rule} before it has the same matchers`
      : `this rule never decides: rule ${rule} before it matches all of its groups`;
  }
  return null;
}

/** The matchers that can fail, as texts. */
function restrictionsOf(matchers: readonly Matcher[]): ReadonlySet<string> {
  return new Set(
    matchers.filter(({ operator, value }) => operator !== "=~" || value !== ".*").map(formatMatcher),
  );
}

/** A matcher that cannot hold together with one that fixes the same label to a value. */
export function findContradiction(
  matchers: readonly Matcher[],
): { readonly index: number; readonly message: string } | null {
  for (const fixed of matchers) {
    if (fixed.operator !== "=") continue;
    const label = new Map([[fixed.name, fixed.value]]);
    const index = matchers.findIndex((matcher) => matcher.name === fixed.name && !matcher.matches(label));
    if (index >= 0) {
      return { index, message: `this rule never matches: ${formatMatcher(fixed)} rules this out` };
    }
  }
  return null;
}
