import { formatDuration, parseDuration, parsePositiveDuration, parseTtl } from "../core/duration.ts";
import { createLabelPattern, parseMatcher, formatMatcher, type Matcher } from "../core/matcher.ts";
import type { DeclaredTtl, KeepLatestLabel, Rule, TtlRule, Vanished } from "../core/rule.ts";
import type { FileValue } from "./file/file-value.ts";
import {
  choice,
  defaulted,
  duration,
  either,
  findRepeated,
  list,
  optional,
  parsed,
  positiveCount,
  required,
  section,
  text,
  type Item,
  type Kind,
} from "./file/kinds.ts";

const maxNameLength = 128;

/** A name that becomes a label value of metrics. */
export const name: Kind<string> = parsed("a name", (written, at) => {
  const length = Array.from(written).length;
  if (length > maxNameLength) {
    at?.error(`a name may have ${maxNameLength} characters at most, this one has ${length}`);
  }
  if (!written.isWellFormed()) {
    at?.error("a name must be valid Unicode: Prometheus takes nothing else as a label value");
  }
  return written;
});

const ttl = duration(
  parseTtl,
  "a duration like 30d",
  ": a TTL must be over 0, or groups expire as they are pushed",
);

const matcher = parsed(`a matcher like 'job="batch"'`, parseMatcher, {
  // `- {job="batch"}` without quotes is a YAML mapping.
  hint: ({ content }) => (content instanceof Map ? ": put the whole matcher in single quotes" : ""),
  schema: { examples: ['job="batch"', 'instance=~"runner-[0-9]+"'] },
});

const labelName = text("a label name");

const patternOfLabel: Kind<KeepLatestLabel> = section(
  {
    label: required(labelName, "The label."),
    regex: required(
      parsed("a regular expression with a group like (.+)-[0-9a-f]+", createLabelPattern),
      "RE2, anchored on both ends, with one group: the part of the value that counts. If it does not match, the whole value counts.",
    ),
  },
  ({ label = "", regex = createLabelPattern("(.*)") }) => ({ label, regex }),
);

const keepLatest = section(
  {
    count: required(positiveCount, "How many stay."),
    by: required(
      list<KeepLatestLabel>(
        either(labelName, patternOfLabel, "a label name, or a mapping with the keys label and regex"),
        "a list of label names like [job]",
        {
          check(labels) {
            for (const { at } of findRepeated(labels, (by) => (typeof by === "string" ? by : by.label))) {
              at.error("this label is listed twice");
            }
          },
        },
      ),
      "The freshest of each combination of these labels' values, or of the part of a value that a regular expression finds. A label that never repeats, such as a run's number, would keep everything.",
    ),
  },
  ({ count = 1, by = [] }) => ({ count, by }),
);

const vanished = section(
  {
    query: required(text("a PromQL query"), "PromQL, asked once a sweep; its series name what is known."),
    label: required(
      either(
        labelName,
        section(
          {
            group: required(labelName, "The label of the group."),
            series: required(labelName, "The label of the query's series."),
          },
          ({ group = "", series = "" }) => ({ group, series }),
        ),
        "a label name, or a mapping with the keys group and series",
      ),
      "The label that names the host, in the groups and in the query's series; or { group: …, series: … } where the names differ.",
    ),
    ttl: required(
      duration((written) =>
        parsePositiveDuration(written, "a host that Prometheus misses once would lose its groups"),
      ),
      "The TTL of groups whose label value the query does not return. Shorter than the rule's.",
    ),
  },
  ({ query = "", label = "", ttl: ttlSeconds = Number.NaN }, at): Vanished => {
    if (query.trim() === "" && query !== "") {
      at.to("query").error("expected a PromQL query, got only white space");
    }
    return {
      query,
      groupLabel: typeof label === "string" ? label : label.group,
      seriesLabel: typeof label === "string" ? label : label.series,
      ttlSeconds,
    };
  },
);

function declaredTtl(nameKind: Kind<string>, nameDescription: string): Kind<DeclaredTtl> {
  return section(
    {
      name: required(nameKind, nameDescription),
      min: required(duration(parseTtl), "Shorter ones count as this."),
      max: required(duration(parseDuration), "Longer ones count as this."),
    },
    ({ name: declared = "", min = Number.NaN, max = Number.NaN }, at) => {
      if (max < min) at.to("max").error(`max must not be below min, ${formatDuration(min)}`);
      return { name: declared, minSeconds: min, maxSeconds: max };
    },
  );
}

const metricName = parsed("a metric name", (written, at) => {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(written)) {
    at?.error("this is not the name of a metric: letters, digits, _ and :, no digit first");
  }
  return written;
});

const actions = choice("delete", "keep", "report");

const ruleKeys = {
  name: required(name, "Label `rule` of the metrics. Unique."),
  matchers: required(
    list(matcher, `a list of matchers like ['job="batch"']`, {
      missingHint: `: list what its groups have in common, as in matchers: ['job="batch"']`,
      check(items) {
        const contradiction = findContradiction(items.map(({ value }) => value));
        if (contradiction !== null) items[contradiction.index]?.at.error(contradiction.message);
      },
    }),
    "All must match, in Alertmanager's grammar. An empty list matches every group.",
  ),
  action: defaulted(actions, "delete", "report: say what would be deleted, never delete it."),
  ttl: optional(ttl, "The longest age; a group that is older has expired. Required unless action is keep."),
  since: defaulted(
    choice("last_activity", "last_success"),
    "last_activity",
    "Where the age counts from. last_success: refused pushes do not count as life, unless those to another group are refused, too.",
  ),
  keep_latest: optional(keepLatest, "The freshest groups that hold metrics stay, however old."),
  vanished: optional(
    vanished,
    "A shorter TTL for groups of hosts that Prometheus does not know. Needs the prometheus section.",
  ),
  ttl_metric: optional(
    declaredTtl(metricName, "A gauge in the group; its value is the TTL in seconds."),
    "The group sets its own TTL with a gauge. Groups without it have the rule's TTL.",
  ),
  ttl_label: optional(
    declaredTtl(labelName, "A label of the grouping key; its value is the TTL, like 2h or in seconds."),
    "The group sets its own TTL with a grouping label. ttl_metric wins where both are there.",
  ),
};

const rule = section(
  ruleKeys,
  (values, at): Rule => {
    const scope = { name: values.name ?? "", matchers: values.matchers ?? [] };
    if (values.action === "keep") {
      for (const key of Object.keys(ruleKeys).slice(3)) {
        if (at.has(key)) at.to(key).errorAtKey(`${key} has no effect in a rule that keeps its groups`);
      }
      at.setDefault("since", undefined);
      return { ...scope, action: "keep" };
    }
    const isKnownAction = !at.has("action") || at.get("action")?.content === values.action;
    if (!at.has("ttl") && isKnownAction) {
      at.error('"ttl" is missing: write how old its groups may get, or action: keep');
    }
    const decided: TtlRule = {
      ...scope,
      action: values.action,
      ttlSeconds: values.ttl ?? Number.NaN,
      since: values.since,
      keepLatest: values.keep_latest ?? null,
      ttlMetric: values.ttl_metric ?? null,
      ttlLabel: values.ttl_label ?? null,
      vanished: values.vanished ?? null,
    };
    checkVanishedTtl(decided, at.to("vanished").to("ttl"));
    return decided;
  },
  // For editors only; `build` says it better.
  { anyOf: [{ required: ["ttl"] }, { properties: { action: { const: "keep" } }, required: ["action"] }] },
);

/** TTLs that groups set themselves do not matter: `vanished` does not shorten them. */
function checkVanishedTtl({ ttlSeconds, vanished }: TtlRule, at: FileValue): void {
  if (vanished !== null && vanished.ttlSeconds >= ttlSeconds) {
    at.error(
      `"vanished" has no effect: its TTL is not shorter than the rule's, ${formatDuration(ttlSeconds)}`,
    );
  }
}

export const rules: Kind<readonly Rule[]> = list(rule, "a list of rules", {
  atLeast: "at least one rule",
  check(items) {
    reportShadows(items);
    for (const { at, first } of findRepeated(items, (one) => one.name)) {
      at.to("name").error(`this name belongs to the rule on line ${first.to("name").line}`);
    }
  },
});

function reportShadows(items: readonly Item<Rule>[]): void {
  // Of a rule with a matcher that cannot be read, nothing is known.
  const known = items.filter(({ value, at }) => {
    const { content } = at.to("matchers");
    return Array.isArray(content) && content.length === value.matchers.length;
  });
  for (const [index, shadow] of findShadows(known.map(({ value }) => value)).entries()) {
    if (shadow !== null) known[index]?.at.to("matchers").errorAtKey(shadow);
  }
}

/** Which groups a rule is about. */
interface RuleScope {
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
  // Each rule is found by its rarest matcher: comparing all pairs takes minutes with 10,000 rules.
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
