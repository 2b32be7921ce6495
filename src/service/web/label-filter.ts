import type * as re2js from "re2js";
import type { Labels } from "../../core/labels.ts";
import { createMatcher, explainBadRegExp, type MatcherText } from "../../core/matcher.ts";
import type { SweepReport } from "../../core/report.ts";
import type { QueryProblem, ReportQuery } from "../../report/query.ts";
import { createThread } from "./thread.ts";

/** Whether a group's labels pass the matchers of a query. */
export type LabelFilter = (labels: Labels) => boolean;

/**
 * Prepares the matchers of a query. Their regular expressions are a stranger's, and so are the values: RE2 takes linear time, but
 * minutes of it. They are compiled and tried in a thread of their own that has two seconds for each query.
 * @param client clients take turns
 */
export type PrepareFilter = (
  report: SweepReport,
  query: ReportQuery,
  client: string,
) => Promise<LabelFilter | QueryProblem>;

interface Question {
  readonly pattern: string;
  readonly values: readonly string[];
}

/** The values that match, or what is wrong with the pattern. */
type PatternResult = readonly string[] | { readonly error: string };

export function createFilters({ limitMs = 2000 } = {}): PrepareFilter {
  const thread = createThread<typeof re2js, readonly Question[], readonly PatternResult[]>({
    library: "re2js",
    limitMs,
    work: ({ RE2JS }, questions) =>
      questions.map(({ pattern, values }) => {
        try {
          // As in core/matcher.ts.
          const compiled = RE2JS.compile(pattern, RE2JS.DOTALL);
          return values.filter((value) => compiled.testExact(value));
        } catch (error) {
          return { error: (error as Error).message };
        }
      }),
  });

  return async (report, { match, matchers }, client) => {
    const problem = (code: QueryProblem["code"], message: string, offset: number | null): QueryProblem => ({
      code,
      parameter: "match",
      text: match,
      message: `match: ${message}`,
      offset,
    });
    const patterns = matchers.filter(isRegExp);
    const plain = matchers
      .filter((one) => !isRegExp(one))
      .map(({ name, operator, value }) => createMatcher(name, operator, value));
    const ask = (): readonly Question[] =>
      patterns.map(({ name, value }) => ({ pattern: value, values: valuesOf(report, name) }));
    const found = patterns.length === 0 ? [] : await thread.run(client, ask);
    if (found === "busy") return problem("busy", "too many filters are being worked on: try again", null);
    if (found === "too_long") {
      const message = `this filter takes longer than ${limitMs / 1000} s: use simpler regular expressions`;
      return problem("filter_too_slow", message, null);
    }
    const tests: LabelFilter[] = plain.map((matcher) => (labels) => matcher.matches(labels));
    for (const [index, { name, operator, value, offset }] of patterns.entries()) {
      const result = found[index] ?? [];
      if ("error" in result) return problem("bad_query", explainBadRegExp(value, result.error), offset);
      const passing = new Set(result);
      tests.push((labels) => passing.has(labels.get(name) ?? "") === (operator === "=~"));
    }
    return (labels) => tests.every((test) => test(labels));
  };
}

function isRegExp({ operator }: MatcherText): boolean {
  return operator === "=~" || operator === "!~";
}

/** The values of a label, each once; "" where it is absent. */
function valuesOf({ gateways }: SweepReport, name: string): readonly string[] {
  const values = new Set<string>();
  for (const { entries } of gateways) {
    for (const { group } of entries) values.add(group.labels.get(name) ?? "");
  }
  return [...values];
}
