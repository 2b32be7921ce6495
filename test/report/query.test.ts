import { describe, expect, it } from "vitest";

import { defaultQuery, formatReportQuery, parseReportQuery } from "../../src/report/query.ts";

const parse = (text: string): ReturnType<typeof parseReportQuery> =>
  parseReportQuery(new URLSearchParams(text));

describe("the query of page and API", () => {
  it("is everything, the next to expire first, when nothing is asked for", () => {
    expect(parse("")).toEqual({ ok: true, query: defaultQuery });
  });

  it("takes an empty form for an empty query", () => {
    expect(parse("match=&verdict=&rule=&gateway=&page=")).toEqual({ ok: true, query: defaultQuery });
  });

  it("reads every parameter", () => {
    const { ok, query } = parse(
      'match={job="x", instance!~"a.*"}&verdict=delete&gateway=g&rule=r&expires_from=2027-01-15T08:00:00Z&sort=age&page=2&per_page=1000',
    );
    expect(ok).toBe(true);
    expect(query.matchers.map(({ name, operator, value }) => name + operator + value)).toEqual([
      "job=x",
      "instance!~a.*",
    ]);
    expect(query).toMatchObject({
      verdict: "delete",
      gateway: "g",
      rule: "r",
      expiresFrom: 1_800_000_000,
      sort: "age",
      page: 2,
      perPage: 1000,
    });
  });

  it.each([
    ["match={job=", "match", "match: expected a label value, but the text ends", 5],
    ['match={job="a', "match", 'match: the quote " is never closed', 5],
    [`match=job=${"a".repeat(997)}`, "match", "match: longer than 1000 characters", null],
    [`rule=${"a".repeat(1001)}`, "rule", "rule: longer than 1000 characters", null],
    ["verdict=deleted", "verdict", 'verdict: "deleted" is none of delete, withhold, keep', null],
    ["sort=size", "sort", 'sort: "size" is none of expiry, age, labels', null],
    ["page=0", "page", "page: expected a whole number from 1 on", null],
    ["page=-1", "page", "page: expected a whole number from 1 on", null],
    ["page=1e3", "page", "page: expected a whole number from 1 on", null],
    ["page=99999999999999999999", "page", "page: expected a whole number from 1 on", null],
    ["per_page=1001", "per_page", "per_page: expected a whole number from 1 to 1000", null],
    ["expires_from=soon", "expires_from", 'expires_from: "soon" is not a time like 2027-', null],
    ["matches={}", "matches", "matches: no such parameter; there are match, verdict", null],
    ["__proto__=1", "__proto__", "__proto__: no such parameter", null],
    ["page=1&page=2", "page", "page: given twice", null],
  ])("refuses %s and says where it goes wrong", (text, parameter, message, offset) => {
    const result = parse(text);
    if (result.ok) throw new Error("was accepted");
    expect(result.problem).toMatchObject({ parameter, offset });
    expect(result.problem.message).toContain(message);
  });

  it("keeps the other parameters and the text of a mistake for the form", () => {
    const result = parse("match={job=&verdict=keep");
    expect(result.query).toMatchObject({ match: "{job=", matchers: [], verdict: "keep" });
  });

  it.each([
    "?",
    "?match=%7Bjob%3D%22x%22%7D&verdict=delete&gateway=g&rule=r&sort=age&page=2&per_page=7",
    "?expires_from=2027-01-15T08%3A00%3A00Z&expires_until=2027-01-15T08%3A00%3A00.500Z",
  ])("is written as it was read: %s", (text) => {
    expect(formatReportQuery(parse(text.slice(1)).query)).toBe(text);
  });
});
