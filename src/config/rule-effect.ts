import { formatMatcher, type Matcher } from "../core/matcher.ts";

/** Which groups a rule is about. */
export interface RuleScope {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

/**
 * Says of each rule why it never decides: an earlier one, all of whose matchers it repeats, takes every group it could match.
 * null: nothing is known against it.
 */
export function findShadows(scopes: readonly RuleScope[]): readonly (string | null)[] {
  const rules = scopes.map(({ name, matchers }) => ({ name, restrictions: restrictionsOf(matchers) }));
  const frequency = new Map<string, number>();
  for (const { restrictions } of rules)
    for (const text of restrictions) frequency.set(text, (frequency.get(text) ?? 0) + 1);
  // Each rule is looked up by its rarest matcher: comparing all pairs takes minutes with 10,000 rules.
  const byRarest = new Map<string, (typeof rules)[number][]>();
  return rules.map((rule) => {
    const own = rule.restrictions;
    const shadow = ["", ...own]
      .flatMap((text) => byRarest.get(text) ?? [])
      .find((earlier) => [...earlier.restrictions].every((text) => own.has(text)));
    if (shadow !== undefined)
      return explainShadow(JSON.stringify(shadow.name), shadow.restrictions.size, own.size);
    const [rarest = ""] = [...own].toSorted((a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0));
    const alike = byRarest.get(rarest);
    if (alike === undefined) byRarest.set(rarest, [rule]);
    else alike.push(rule);
    return null;
  });
}

function explainShadow(rule: string, size: number, ownSize: number): string {
  if (size === 0) return `this rule never decides: rule ${rule} before it matches every group`;
  return size === ownSize
    ? `this rule never decides: rule ${rule} before it has the same matchers`
    : `this rule never decides: rule ${rule} before it matches all of its groups`;
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
  const fixed = new Map<string, Matcher>();
  for (const matcher of matchers) {
    if (matcher.operator === "=" && !fixed.has(matcher.name)) fixed.set(matcher.name, matcher);
  }
  for (const [index, matcher] of matchers.entries()) {
    const other = fixed.get(matcher.name);
    if (other === undefined || matcher.matches(new Map([[other.name, other.value]]))) continue;
    return { index, message: `this rule never matches: ${formatMatcher(other)} rules this out` };
  }
  return null;
}
