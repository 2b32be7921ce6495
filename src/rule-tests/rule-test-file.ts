import { dirname, join, isAbsolute } from "node:path";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { Cursor } from "../config/cursor.ts";
import { readStart } from "../config/file-text.ts";
import type { Findings, Places } from "../config/findings.ts";
import { loadConfig } from "../config/load.ts";
import type { Problem } from "../config/problem.ts";
import { readConfigFile, type FileKind } from "../config/read.ts";
import { decodeDuration } from "../config/scalars.ts";
import { choice, duration, flag, list, section, text } from "../config/schema-values.ts";
import type { Draft } from "../config/shape.ts";
import { has } from "../config/sources.ts";
import { didYouMean } from "../config/suggest.ts";
import { createLabels, labelsKey, quote, type Labels } from "../core/labels.ts";
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
  readonly at: Cursor;
  /** By the name of a rule with `vanished`: the hosts that its query returns. For a rule that is not in it, all hosts are alive. */
  readonly alive: ReadonlyMap<string, readonly string[]>;
  readonly appliesLimits: boolean;
  /** Their keys are unique. */
  readonly groups: readonly TestGroup[];
}

export interface TestGroup {
  readonly at: Cursor;
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

export type RuleTestLoadResult =
  | { readonly ok: true; readonly file: RuleTestFile; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly path: string; readonly problems: readonly Problem[] };

/** Those that rules, ages and limits can give. The others come from a gateway or from a sweep under way. */
const reasonsByVerdict = {
  delete: ["ttl_expired", "host_vanished"],
  withhold: ["max_delete_ratio", "max_deletes"],
  keep: ["within_ttl", "no_rule", "rule_keeps", "rule_reports", "kept_latest", "own_metrics"],
} as const satisfies Record<VerdictName, readonly Verdict["reason"][]>;

const gaugeValue = z.union([z.number(), choice("NaN", "+Inf", "-Inf")], {
  error: "a number, or NaN, +Inf or -Inf as Prometheus writes them",
});

const group = section({
  labels: z
    .record(z.string(), z.string({ error: "text" }), { error: "a mapping of labels" })
    .describe("The grouping key, `job` included."),
  age: duration("a duration like 3h").optional().describe("How long ago it was last pushed successfully."),
  last_success: duration("a duration like 3h")
    .optional()
    .describe("The same as age, for use with last_failure. Left out there: it never was."),
  last_failure: duration("a duration like 5m")
    .optional()
    .describe("How long ago a push to it was last refused. Left out: none was."),
  gauges: z
    .record(z.string(), gaugeValue, { error: "a mapping of metric names" })
    .optional()
    .describe("Values of its gauges, for rules with ttl_metric."),
  expect: section({
    verdict: choice(...verdictNames).describe("What becomes of the group."),
    rule: text("the name of a rule").optional().describe("The rule that decides. Left out: any."),
    reason: choice(...reasonsByVerdict.delete, ...reasonsByVerdict.withhold, ...reasonsByVerdict.keep)
      .optional()
      .describe("Why. Left out: any reason."),
  }).describe("What has to come of it."),
});

export const ruleTestsSchema = section({
  config: text("the path of a janitor.yml").describe("The file with the rules. Relative to this file."),
  tests: list(
    section({
      name: text("a name").describe("What the rules have to do, in words."),
      alive: z
        .record(z.string(), list(text("a host"), "a list of hosts"), { error: "a mapping of rules" })
        .optional()
        .describe(
          "By the name of a rule with vanished: the hosts that its query returns. No host, as with a rule that is left out: all are alive.",
        ),
      apply_limits: flag()
        .optional()
        .describe(
          "true: these are all groups of a gateway, and max_delete_ratio and max_deletes apply to them.",
        )
        .meta({ default: false }),
      groups: list(group, "a list of groups")
        .min(1, { error: "at least one group" })
        .describe("They are on one gateway at the same time. Each has labels of its own."),
    }),
    "a list of tests",
  )
    .min(1, { error: "at least one test" })
    .describe("Each is a gateway of its own."),
});

type FileDraft = Draft<z.infer<typeof ruleTestsSchema>>;
type TestDraft = NonNullable<NonNullable<FileDraft["tests"]>[number]>;
type GroupDraft = NonNullable<NonNullable<TestDraft["groups"]>[number]>;

interface DecodedFile {
  readonly config: string | undefined;
  readonly tests: readonly RuleTest[];
}

const ruleTestsFile: FileKind<typeof ruleTestsSchema, DecodedFile> = {
  schema: ruleTestsSchema,
  needed: "config and tests",
  decode: decodeFile,
};

/**
 * Reads and checks a file of rule tests and the configuration that it names. The secrets and certificates of this one need not exist:
 * rules are tested where they are not. Never rejects for what is wrong with the files.
 */
export async function loadRuleTests(path: string): Promise<RuleTestLoadResult> {
  const { decoded, findings } = await readConfigFile(path, ruleTestsFile, readStart);
  if (decoded === null || decoded.config === undefined)
    return { ok: false, path, problems: findings.problems };
  const configPath = isAbsolute(decoded.config) ? decoded.config : join(dirname(path), decoded.config);
  const loaded = await loadConfig(configPath, { fileExists: () => Promise.resolve(true) });
  if (!loaded.ok) return { ok: false, path, problems: [...findings.problems, ...loaded.problems] };
  for (const test of decoded.tests) checkNames(test, loaded.config.rules);
  if (findings.hasErrors) return { ok: false, path, problems: findings.problems };
  const file = { path, config: loaded.config, tests: decoded.tests };
  return { ok: true, file, warnings: findings.problems };
}

function decodeFile(draft: FileDraft, path: string, places: Places, findings: Findings): DecodedFile {
  const at = new Cursor({ findings, places, folder: dirname(path), namedFiles: [] }).to("tests");
  const drafts = draft.tests ?? [];
  for (const [index, earlier] of findRepeated(drafts.map((test) => test?.name)))
    at.to(index, "name").warn(`the test on line ${at.to(earlier, "name").line} has the same name`);
  const tests = drafts.flatMap((test, index) => (test === undefined ? [] : [decodeTest(test, at.to(index))]));
  return { config: draft.config, tests };
}

function decodeTest(draft: TestDraft, at: Cursor): RuleTest {
  const appliesLimits = draft.apply_limits ?? false;
  const groups = (draft.groups ?? []).flatMap((group, index) =>
    group === undefined ? [] : [decodeGroup(group, at.to("groups", index), appliesLimits)],
  );
  for (const [index, earlier] of findRepeated(groups.map(({ labels }) => labelsKey(labels)))) {
    const line = groups[earlier]?.at.line;
    groups[index]?.at
      .to("labels")
      .errorAtKey(`the group on line ${line} has the same labels: a gateway keeps one of them`);
  }
  const alive = Object.entries(draft.alive ?? {}).map(
    ([rule, hosts]) => [rule, (hosts ?? []).map((host) => host ?? "")] as const,
  );
  return { name: draft.name ?? "", at, alive: new Map(alive), appliesLimits, groups };
}

/** The indexes of texts that have come before, each with that of the first. */
function findRepeated(
  texts: readonly (string | undefined)[],
): readonly (readonly [index: number, first: number])[] {
  const first = new Map<string, number>();
  return texts.flatMap((text, index) => {
    if (text === undefined) return [];
    const earlier = first.get(text);
    if (earlier === undefined) first.set(text, index);
    return earlier === undefined ? [] : [[index, earlier] as const];
  });
}

function decodeGroup(draft: GroupDraft, at: Cursor, appliesLimits: boolean): TestGroup {
  const labels = createLabels(Object.entries(draft.labels ?? {}).map(([name, value]) => [name, value ?? ""]));
  if (draft.labels !== undefined && (labels.get("job") ?? "") === "")
    at.to("labels").errorAtKey('"job" is missing or empty: every group of a Pushgateway has one');
  checkPushTimes(draft, at);
  const gauges = Object.entries(draft.gauges ?? {}).map(
    ([name, value]) => [name, Number(String(value).replace("Inf", "Infinity"))] as const,
  );
  return {
    at,
    labels,
    lastSuccessAgeSeconds: decodeAge(draft, has(draft, "age") ? "age" : "last_success", at),
    lastFailureAgeSeconds: decodeAge(draft, "last_failure", at),
    gauges: new Map(gauges),
    expected: decodeExpectation(draft.expect, at.to("expect"), appliesLimits),
  };
}

function checkPushTimes(draft: GroupDraft, at: Cursor): void {
  if (!has(draft, "age")) {
    if (!has(draft, "last_success") && !has(draft, "last_failure"))
      at.error(
        '"age" is missing: write how long ago the group was last pushed, or last_success and last_failure',
      );
    return;
  }
  for (const key of ["last_success", "last_failure"])
    if (has(draft, key)) at.to(key).errorAtKey(`age excludes ${key}: write last_success and last_failure`);
}

function decodeAge(
  draft: GroupDraft,
  key: "age" | "last_success" | "last_failure",
  at: Cursor,
): number | null {
  return has(draft, key) ? decodeDuration(draft[key], at.to(key)) : null;
}

function decodeExpectation(draft: GroupDraft["expect"], at: Cursor, appliesLimits: boolean): Expectation {
  const { verdict = "keep", rule = null, reason = null } = draft ?? {};
  if (verdict === "withhold" && !appliesLimits)
    at.to("verdict").error("limits do not apply in this test: set apply_limits: true");
  const fitting: readonly string[] = reasonsByVerdict[verdict];
  if (draft?.verdict !== undefined && reason !== null && !fitting.includes(reason))
    at.to("reason").error(`${reason} is no reason of ${verdict}: that has ${fitting.join(", ")}`);
  return { verdict, rule, reason };
}

/** Checks what a test names against the rules that it tests. */
function checkNames(test: RuleTest, rules: readonly Rule[]): void {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const check = (name: string, report: (message: string) => void): void => {
    if (!byName.has(name)) report(`there is no rule ${quote(name)}${didYouMean(name, byName.keys())}`);
  };
  for (const name of test.alive.keys()) {
    const at = test.at.to("alive", name);
    const rule = byName.get(name);
    check(name, (message) => at.errorAtKey(message));
    if (rule !== undefined && (rule.action === "keep" || rule.vanished === null))
      at.errorAtKey(`rule ${quote(name)} has no vanished: it asks for no hosts`);
  }
  const read = ttlMetricNames(rules);
  for (const { at, expected, gauges } of test.groups) {
    if (expected.rule !== null) check(expected.rule, (message) => at.to("expect", "rule").error(message));
    for (const name of gauges.keys())
      if (!read.has(name))
        at.to("gauges", name).warn(`no rule reads the gauge ${quote(name)}${didYouMean(name, read)}`);
  }
}
