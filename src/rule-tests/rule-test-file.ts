import { dirname, isAbsolute, join } from "node:path";
import type { Config } from "../config/config.ts";
import { didYouMean } from "../config/file/did-you-mean.ts";
import type { FileValue } from "../config/file/file-value.ts";
import {
  choice,
  defaulted,
  duration,
  findRepeated,
  flag,
  list,
  mapping,
  optional,
  parsed,
  reject,
  required,
  section,
  text,
  type Kind,
} from "../config/file/kinds.ts";
import type { Problem } from "../config/file/problem.ts";
import { readConfigFile } from "../config/file/read-file.ts";
import { loadConfig } from "../config/load.ts";
import { parseDuration } from "../core/duration.ts";
import { createLabels, labelsKey, quote, type Labels } from "../core/labels.ts";
import { asksForHosts } from "../core/liveness.ts";
import { ttlMetricNames, type Rule } from "../core/rule.ts";
import { verdictNames, type Verdict, type VerdictName } from "../core/verdict.ts";

/** A file of rule tests, read and checked, with the configuration that it tests. */
export interface RuleTestFile {
  /** As it was named. */
  readonly path: string;
  readonly config: Config;
  readonly tests: readonly RuleTest[];
}

/** The groups of one gateway and what the rules have to make of them. */
export interface RuleTest {
  readonly name: string;
  readonly at: FileValue;
  /** By the name of a rule with `vanished`: the hosts that its query returns. For a rule that is not in it, all hosts are alive. */
  readonly alive: ReadonlyMap<string, readonly string[]>;
  readonly appliesLimits: boolean;
  /** Their keys are unique. */
  readonly groups: readonly TestGroup[];
}

export interface TestGroup {
  readonly at: FileValue;
  readonly labels: Labels;
  /** null: never. */
  readonly lastSuccessAgeSeconds: number | null;
  readonly lastFailureAgeSeconds: number | null;
  readonly gauges: ReadonlyMap<string, number>;
  readonly expected: Expectation;
}

/** null: any. */
export interface Expectation {
  readonly verdict: VerdictName;
  readonly rule: string | null;
  readonly reason: Verdict["reason"] | null;
}

type RuleTestLoadResult =
  | { readonly ok: true; readonly file: RuleTestFile; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly path: string; readonly problems: readonly Problem[] };

/** Those that rules, ages and limits can give. The others come from a gateway or from a sweep under way. */
const reasonsByVerdict = {
  delete: ["ttl_expired", "host_vanished"],
  withhold: ["max_delete_ratio", "max_deletes"],
  keep: ["within_ttl", "no_rule", "rule_keeps", "rule_reports", "kept_latest", "own_metrics"],
} as const satisfies Record<VerdictName, readonly Verdict["reason"][]>;

const gaugeValue: Kind<number> = {
  schema: { anyOf: [{ type: "number" }, { type: "string", enum: ["NaN", "+Inf", "-Inf"] }] },
  read(at) {
    const { content } = at;
    if (typeof content === "number" && Number.isFinite(content)) return content;
    return content === "NaN" || content === "+Inf" || content === "-Inf"
      ? Number(content.replace("Inf", "Infinity"))
      : reject(at, "a number, or NaN, +Inf or -Inf as Prometheus writes them");
  },
};

const labelValue = parsed("text", (value) => value, { mayBeEmpty: true });

const expectation = section(
  {
    verdict: required(choice(...verdictNames), "What becomes of the group."),
    rule: optional(text("the name of a rule"), "The rule that decides. Left out: any."),
    reason: optional(
      choice(...reasonsByVerdict.delete, ...reasonsByVerdict.withhold, ...reasonsByVerdict.keep),
      "Why. Left out: any reason.",
    ),
  },
  ({ verdict, rule = null, reason = null }, at): Expectation => {
    const fitting: readonly string[] = verdict === undefined ? [] : reasonsByVerdict[verdict];
    if (verdict !== undefined && reason !== null && !fitting.includes(reason)) {
      at.to("reason").error(`${reason} is no reason of ${verdict}: that has ${fitting.join(", ")}`);
    }
    return { verdict: verdict ?? "keep", rule, reason };
  },
);

const group = section(
  {
    labels: required(mapping(labelValue, "a mapping of labels"), "The grouping key, `job` included."),
    age: optional(
      duration(parseDuration, "a duration like 3h"),
      "How long ago it was last pushed successfully.",
    ),
    last_success: optional(
      duration(parseDuration, "a duration like 3h"),
      "The same as age, for use with last_failure. Left out there: it never was.",
    ),
    last_failure: optional(
      duration(parseDuration, "a duration like 5m"),
      "How long ago a push to it was last refused. Left out: none was.",
    ),
    gauges: optional(
      mapping(gaugeValue, "a mapping of metric names"),
      "Values of its gauges, for rules with ttl_metric.",
    ),
    expect: required(expectation, "What has to come of it."),
  },
  (values, at): TestGroup => {
    const labels = createLabels([...(values.labels ?? [])]);
    if (values.labels !== undefined && (labels.get("job") ?? "") === "") {
      at.to("labels").errorAtKey('"job" is missing or empty: every group of a Pushgateway has one');
    }
    checkPushTimes(at);
    return {
      at,
      labels,
      lastSuccessAgeSeconds: values.age ?? values.last_success ?? null,
      lastFailureAgeSeconds: values.last_failure ?? null,
      gauges: values.gauges ?? new Map(),
      expected: values.expect ?? { verdict: "keep", rule: null, reason: null },
    };
  },
);

function checkPushTimes(at: FileValue): void {
  if (at.has("age")) {
    for (const key of ["last_success", "last_failure"]) {
      at.get(key)?.errorAtKey(`age excludes ${key}: write last_success and last_failure`);
    }
  } else if (!at.has("last_success") && !at.has("last_failure")) {
    at.error(
      '"age" is missing: write how long ago the group was last pushed, or last_success and last_failure',
    );
  }
}

const groups = list(group, "a list of groups", {
  atLeast: "at least one group",
  check(items) {
    for (const { at, first } of findRepeated(items, ({ labels }) => labelsKey(labels))) {
      const message = `the group on line ${first.line} has the same labels: a gateway keeps one of them`;
      at.to("labels").errorAtKey(message);
    }
  },
});

const ruleTest = section(
  {
    name: required(text("a name"), "What the rules have to do, in words."),
    alive: optional(
      mapping(list(text("a host"), "a list of hosts"), "a mapping of rules"),
      "By the name of a rule with vanished: the hosts that its query returns. No host, as with a rule that is left out: all are alive.",
    ),
    apply_limits: defaulted(
      flag,
      false,
      "true: these are all groups of a gateway, and max_delete_ratio and max_deletes apply to them.",
    ),
    groups: required(groups, "They are on one gateway at the same time. Each has labels of its own."),
  },
  (values, at): RuleTest => {
    for (const one of values.groups ?? []) {
      if (one.expected.verdict === "withhold" && !values.apply_limits) {
        one.at.to("expect").to("verdict").error("limits do not apply in this test: set apply_limits: true");
      }
    }
    return {
      name: values.name ?? "",
      at,
      alive: values.alive ?? new Map(),
      appliesLimits: values.apply_limits,
      groups: values.groups ?? [],
    };
  },
);

const tests = list(ruleTest, "a list of tests", {
  atLeast: "at least one test",
  check(items) {
    for (const { at, first } of findRepeated(items, ({ name }) => name)) {
      at.to("name").warn(`the test on line ${first.to("name").line} has the same name`);
    }
  },
});

export const ruleTestsSchema = section(
  {
    config: required(text("the path of a janitor.yml"), "The file with the rules. Relative to this file."),
    tests: required(tests, "Each is a gateway of its own."),
  },
  (values) => ({ config: values.config, tests: values.tests ?? [] }),
);

/**
 * Reads and checks a file of rule tests and the configuration that it names. The secrets and certificates of this one need not exist:
 * rules are tested where they are not. Never rejects for what is wrong with the files.
 */
export async function loadRuleTests(path: string): Promise<RuleTestLoadResult> {
  const kind = { kind: ruleTestsSchema, needed: "config and tests" };
  const { value, list: problems } = await readConfigFile(path, kind);
  if (value?.config === undefined) return { ok: false, path, problems: problems.problems };
  const configPath = isAbsolute(value.config) ? value.config : join(dirname(path), value.config);
  const loaded = await loadConfig(configPath, { fileExists: () => Promise.resolve(true) });
  if (!loaded.ok) return { ok: false, path, problems: [...problems.problems, ...loaded.problems] };
  for (const test of value.tests) checkNames(test, loaded.config.rules);
  if (problems.hasErrors) return { ok: false, path, problems: problems.problems };
  const file = { path, config: loaded.config, tests: value.tests };
  return { ok: true, file, warnings: problems.problems };
}

/** Checks what a test names against the rules that it tests. */
function checkNames(test: RuleTest, rules: readonly Rule[]): void {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const check = (name: string, report: (message: string) => void): void => {
    if (!byName.has(name)) report(`there is no rule ${quote(name)}${didYouMean(name, byName.keys())}`);
  };
  for (const name of test.alive.keys()) {
    const at = test.at.to("alive").to(name);
    const rule = byName.get(name);
    check(name, (message) => at.errorAtKey(message));
    if (rule !== undefined && !asksForHosts(rule))
      at.errorAtKey(`rule ${quote(name)} has no vanished: it asks for no hosts`);
  }
  const read = ttlMetricNames(rules);
  for (const { at, expected, gauges } of test.groups) {
    if (expected.rule !== null) check(expected.rule, (message) => at.to("expect").to("rule").error(message));
    for (const name of gauges.keys())
      if (!read.has(name))
        at.to("gauges")
          .to(name)
          .warn(`no rule reads the gauge ${quote(name)}${didYouMean(name, read)}`);
  }
}
