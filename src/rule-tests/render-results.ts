import { renderProblem } from "../config/file/problem.ts";
import {
  describeDeciding,
  describeMatch,
  describeNumbers,
  explain,
  type RuleExplanation,
} from "../core/explain.ts";
import { formatShortLabels } from "../core/labels.ts";
import { explainExceededLimit } from "../core/limits.ts";
import type { Plan } from "../core/plan.ts";
import { countOf, toPrintable } from "../core/printable.ts";
import type { Expectation } from "./rule-test-file.ts";
import type { RuleTestFailure, RuleTestOutcome, RuleTestResult } from "./run-rule-tests.ts";

/** Renders every failure, and a line for each file; files with problems have none. */
export function renderText(outcomes: readonly RuleTestOutcome[]): string {
  return outcomes.flatMap((one) => (one.ok ? renderFile(one.path, one.results) : [])).join("");
}

function renderFile(path: string, results: readonly RuleTestResult[]): readonly string[] {
  const failed = results.filter(isFailed);
  const blocks = failed.map((result) => {
    const { test } = result;
    const groups = describeFailures(result).map((line) => `  ${toPrintable(line)}\n`);
    return `FAILED ${toPrintable(path)}:${test.at.line}: ${toPrintable(test.name)}\n${groups.join("")}\n`;
  });
  const count = countOf(results.length, "test");
  const summary = failed.length === 0 ? `${count} passed` : `${failed.length} of ${count} failed`;
  return [...blocks, `${toPrintable(path)}: ${summary}\n`];
}

/**
 * Renders the results as JUnit's XML, which CI systems read: a suite for each file, a case for each test. A file that could not be
 * used is a suite with one error.
 */
export function renderJunit(outcomes: readonly RuleTestOutcome[]): string {
  const suites = outcomes.map((one) =>
    one.ok
      ? renderSuite(one.path, one.results)
      : element("testsuite", { name: one.path, tests: 1, failures: 0, errors: 1 }, [
          element("testcase", { name: one.path, classname: one.path }, [
            element("error", { message: "the file cannot be used" }, [
              escapeXml(one.problems.map(renderProblem).join("\n")),
            ]),
          ]),
        ]),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("testsuites", {}, suites)}`;
}

function renderSuite(path: string, results: readonly RuleTestResult[]): string {
  const cases = results.map((result) => {
    const { test, failures } = result;
    const message = `${failures.length} of ${test.groups.length} groups are not as expected`;
    const body = escapeXml(describeFailures(result).join("\n"));
    return element(
      "testcase",
      { name: test.name, classname: path, file: path, line: test.at.line },
      failures.length === 0 ? [] : [element("failure", { message }, [body])],
    );
  });
  const counts = { tests: results.length, failures: results.filter(isFailed).length, errors: 0 };
  return element("testsuite", { name: path, ...counts }, cases);
}

function isFailed({ failures }: RuleTestResult): boolean {
  return failures.length > 0;
}

/** The groups of a test that are not as expected: the expected verdict, the actual one, and why. */
function describeFailures({ plan, failures }: RuleTestResult): readonly string[] {
  return failures.flatMap((failure) => {
    const { group, decision } = failure;
    const { verdict, rule } = decision;
    const got = { verdict: verdict.verdict, rule: rule?.name ?? null, reason: verdict.reason };
    return [
      `line ${group.at.line}: ${formatShortLabels(group.labels)}`,
      `  expected ${describeOutcome(group.expected)}`,
      `  got      ${describeOutcome(got)}`,
      ...explainFailure(failure, plan).map((line) => `  ${line}`),
    ];
  });
}

function describeOutcome({ verdict, rule, reason }: Expectation): string {
  const by = rule === null ? "" : ` by rule ${rule}`;
  return `${verdict}${by}${reason === null ? "" : ` (${reason})`}`;
}

/** As `explain` does: why the expected rule does not decide, and what the one that does says, with the numbers. */
function explainFailure({ group, decision }: RuleTestFailure, plan: Plan): readonly string[] {
  const explanation = explain(plan.circumstances.rules, group.labels);
  const { rules, deciding, own } = explanation;
  const isAsked = ({ rule }: RuleExplanation): boolean =>
    group.expected.rule === null ? deciding === null && !own : rule.name === group.expected.rule;
  const asked = rules.filter((one) => one.rule !== deciding && isAsked(one));
  const lines = asked.slice(0, maxRules).map((one) => describeMatch(one, explanation));
  if (asked.length > maxRules) lines.push(`and ${asked.length - maxRules} more rules that do not match`);
  lines.push(...describeDeciding(explanation));
  const numbers = describeNumbers(decision, plan.circumstances);
  if (numbers !== null) lines.push(numbers);
  if (decision.verdict.verdict === "withhold" && plan.exceededLimit !== null)
    lines.push(explainExceededLimit(plan.exceededLimit));
  return lines;
}

/** A longer list helps nobody. */
const maxRules = 10;

type Attributes = Readonly<Record<string, string | number>>;

/** @param content XML already */
function element(name: string, attributes: Attributes, content: readonly string[]): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return `<${name}${pairs.join("")}>${content.join("")}</${name}>\n`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML 1.0 cannot hold control characters at all, not even escaped. */
function escapeXml(text: string): string {
  const lines = text.split("\n").map(toPrintable);
  return lines.join("\n").replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
