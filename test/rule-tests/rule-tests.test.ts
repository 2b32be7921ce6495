import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { cli } from "../support/cli.ts";
import { readMarkup } from "../support/markup.ts";
import { testFolder, writeConfig } from "../support/service.ts";

const rules = `
pushgateways: [{ name: g, url: "http://localhost:9091", basic_auth: { username: u, password_file: not-here } }]
prometheus: { url: "http://localhost:9090" }
limits: { max_deletes: 1 }
rules:
  - { name: keep, matchers: ['job="kept"'], action: keep }
  - { name: ci, matchers: ['job="ci"'], ttl: 2h, since: last_success }
  - { name: nightly, matchers: ['job="nightly"'], ttl: 1w, keep_latest: { count: 1, by: [job] } }
  - { name: watched, matchers: ['job="watched"'], ttl: 1d, action: report }
  - name: declared
    matchers: ['job="declared"']
    ttl: 1d
    ttl_metric: { name: ttl_seconds, min: 5m, max: 30d }
    ttl_label: { name: ttl, min: 5m, max: 30d }
  - name: hosts
    matchers: ['job="batch"']
    ttl: 30d
    vanished: { query: up, label: instance, ttl: 1h }
`;

/** Runs a file of tests of the rules above. */
async function testRules(text: string, flags: readonly string[] = []) {
  const folder = testFolder();
  writeConfig(rules, folder);
  const path = join(folder, "rules.test.yml");
  writeFileSync(path, `config: janitor.yml\n${text}`);
  const { exitCode, stdout, stderr } = await cli(["test", "rules", ...flags, path]);
  const short = (output: string): string => output.replaceAll(`${folder}/`, "");
  return { exitCode, stdout: short(stdout), stderr: short(stderr) };
}

/** As {@link testRules}, of one test with these groups. */
const testGroups = (groups: readonly string[], rest = "") =>
  testRules(`tests:\n  - name: t\n${rest}    groups:\n${groups.map((one) => `      - ${one}\n`).join("")}`);

describe("test rules", () => {
  it("passes the tests of config/janitor.yml", async () => {
    const file = join(import.meta.dirname, "../../config/janitor.test.yml");
    const { exitCode, stdout, stderr } = await cli(["test", "rules", file]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^\S+: \d+ tests passed\n$/);
  });

  it.each<[string, string[], string?]>([
    [
      "a rule that keeps",
      ["{ labels: { job: kept }, age: 9y, expect: { verdict: keep, rule: keep, reason: rule_keeps } }"],
    ],
    ["no rule", ["{ labels: { job: other }, age: 9y, expect: { verdict: keep, reason: no_rule } }"]],
    [
      "an age that is the TTL",
      ["{ labels: { job: ci }, age: 2h, expect: { verdict: keep, reason: within_ttl } }"],
    ],
    [
      "an age over the TTL",
      ["{ labels: { job: ci }, age: 2h1s, expect: { verdict: delete, reason: ttl_expired } }"],
    ],
    [
      "a rule that only reports",
      ["{ labels: { job: watched }, age: 2d, expect: { verdict: keep, reason: rule_reports } }"],
    ],
    [
      "the janitor's own group",
      [
        "{ labels: { job: pushgateway-janitor, instance: g }, age: 9y, expect: { verdict: keep, reason: own_metrics } }",
      ],
    ],
    [
      "the latest of several groups",
      [
        '{ labels: { job: nightly, run: "1" }, age: 3w, expect: { verdict: delete } }',
        '{ labels: { job: nightly, run: "2" }, age: 2w, expect: { verdict: keep, reason: kept_latest } }',
      ],
    ],
    [
      "a group that was never pushed successfully",
      ["{ labels: { job: ci }, last_failure: 3h, expect: { verdict: delete } }"],
    ],
    [
      "a refused push that another group's success has shown to be its own fault",
      [
        "{ labels: { job: ci }, last_success: 3h, last_failure: 1h, expect: { verdict: delete } }",
        "{ labels: { job: other }, age: 5m, expect: { verdict: keep } }",
      ],
    ],
    [
      "a gauge or label that sets the TTL",
      [
        '{ labels: { job: declared, n: "1" }, age: 2h, gauges: { ttl_seconds: 3600 }, expect: { verdict: delete } }',
        '{ labels: { job: declared, n: "2" }, age: 2d, gauges: { ttl_seconds: NaN }, expect: { verdict: keep } }',
        "{ labels: { job: declared, ttl: 2h }, age: 3h, expect: { verdict: delete, reason: ttl_expired } }",
        '{ labels: { job: declared, ttl: "-1" }, age: 29d, expect: { verdict: keep } }',
        '{ labels: { job: declared, n: "3" }, age: 29d, gauges: { ttl_seconds: +Inf }, expect: { verdict: keep } }',
      ],
    ],
    [
      "limits, which do not apply to a sample",
      [
        '{ labels: { job: ci, n: "1" }, age: 3h, expect: { verdict: delete } }',
        '{ labels: { job: ci, n: "2" }, age: 3h, expect: { verdict: delete } }',
      ],
    ],
    [
      "limits that apply to all groups of a gateway",
      [
        '{ labels: { job: ci, n: "1" }, age: 3h, expect: { verdict: withhold, reason: max_deletes } }',
        '{ labels: { job: ci, n: "2" }, age: 3h, expect: { verdict: withhold } }',
      ],
      "    apply_limits: true\n",
    ],
    [
      "hosts that are not named, as all of them are alive",
      ["{ labels: { job: batch, instance: a }, age: 2h, expect: { verdict: keep } }"],
    ],
    [
      "an answer without hosts, which says nothing about them",
      ["{ labels: { job: batch, instance: a }, age: 2h, expect: { verdict: keep } }"],
      "    alive: { hosts: [] }\n",
    ],
    [
      "hosts that Prometheus knows, and others",
      [
        "{ labels: { job: batch, instance: a }, age: 2h, expect: { verdict: keep, reason: within_ttl } }",
        "{ labels: { job: batch, instance: b }, age: 2h, expect: { verdict: delete, rule: hosts, reason: host_vanished } }",
      ],
      "    alive: { hosts: [a] }\n",
    ],
  ])("decides as a sweep does about %s", async (_, groups, rest) => {
    expect(await testGroups(groups, rest)).toEqual({
      exitCode: 0,
      stdout: "rules.test.yml: 1 test passed\n",
      stderr: "",
    });
  });

  it("shows what came instead, and the rule that decided with its numbers", async () => {
    const { exitCode, stdout } = await testGroups([
      "{ labels: { job: ci }, age: 90m, expect: { verdict: delete } }",
      "{ labels: { job: declared }, age: 2h, gauges: { ttl_seconds: 7200 }, expect: { verdict: delete, rule: ci } }",
      "{ labels: { job: other }, age: 1h, expect: { verdict: keep, rule: hosts } }",
      "{ labels: { job: nightly }, age: 3w, expect: { verdict: delete, reason: ttl_expired } }",
      "{ labels: { job: kept }, age: 3w, expect: { verdict: delete, rule: keep } }",
      "{ labels: { job: batch }, age: 3w, expect: { verdict: keep } }",
    ]);
    expect(exitCode).toBe(25);
    expect(stdout).toBe(`FAILED rules.test.yml:3: t
  line 5: {job="ci"}
    expected delete
    got      keep by rule ci (within_ttl)
    Rule ci: more than 2h after its last successful push, it is deleted (ttl_expired).
    Its last push was 1h30m ago, and its TTL is 2h: it expires in 30m.
  line 6: {job="declared"}
    expected delete by rule ci
    got      keep by rule declared (within_ttl)
    ci: does not match job="ci"
    Rule declared: more than 1d, or what its gauge ttl_seconds or its label ttl says, after its last push, failed pushes included, it is deleted (ttl_expired).
    Its last push was 2h ago, and its TTL is 2h, as its gauge ttl_seconds says 7200: it expires in 0s.
  line 7: {job="other"}
    expected keep by rule hosts
    got      keep (no_rule)
    hosts: does not match job="batch"
    No rule matches: the group is kept (no_rule).
  line 8: {job="nightly"}
    expected delete (ttl_expired)
    got      keep by rule nightly (kept_latest)
    Rule nightly: more than 1w after its last push, failed pushes included, it is deleted (ttl_expired).
    The freshest group of each job is kept, however old (kept_latest).
    Its last push was 3w ago, and its TTL is 1w: it expired 2w ago.
  line 9: {job="kept"}
    expected delete by rule keep
    got      keep by rule keep (rule_keeps)
    Rule keep keeps it, however old (rule_keeps).

rules.test.yml: 1 of 1 test failed
`);
  });

  it("runs all tests of all files, and the exit code of a file with a problem wins", async () => {
    const folder = testFolder();
    writeConfig(rules, folder);
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const test =
      "tests: [{ name: t, groups: [{ labels: { job: ci }, age: 3h, expect: { verdict: keep } }] }]";
    const missing = write("missing.yml", `config: nowhere.yml\n${test}`);
    const failing = write("failing.yml", `config: janitor.yml\n${test}`);
    const { exitCode, stdout, stderr } = await cli(["test", "rules", missing, failing, missing, failing]);
    expect(exitCode).toBe(2);
    expect(stdout.match(/1 of 1 test failed/g)).toHaveLength(2);
    expect(stderr.match(/nowhere\.yml: cannot be read: /g)).toHaveLength(1);
  });

  it("names every problem of a file with its line and column", async () => {
    const { exitCode, stderr } = await testRules(`tests:
  - name: x
    alive: { host: [a], ci: [b] }
    groups:
      - labels: { job: a, n: 1 }
        expect: { verdict: delete, reason: within_ttl }
      - labels: { instance: a }
        age: 3h
        last_failure: 1
        gauges: { ttl_seconds: .nan, ttl_secnods: -1 }
        expect: { verdict: withhold, rule: hots }
      - labels: { instance: a }
        age: 3h
        expect: { verdikt: withhold }
  - name: x
    groups: []
`);
    expect(exitCode).toBe(2);
    expect(stderr.split("\n").filter((line) => line.startsWith("rules"))).toEqual([
      'rules.test.yml:4:14: there is no rule "host": did you mean "hosts"?',
      'rules.test.yml:4:25: rule "ci" has no vanished: it asks for no hosts',
      'rules.test.yml:6:9: "age" is missing: write how long ago the group was last pushed, or last_success and last_failure',
      "rules.test.yml:6:30: expected text, got the number 1: put it in quotes",
      "rules.test.yml:7:44: within_ttl is no reason of delete: that has ttl_expired, host_vanished",
      'rules.test.yml:8:9: "job" is missing or empty: every group of a Pushgateway has one',
      "rules.test.yml:10:9: age excludes last_failure: write last_success and last_failure",
      "rules.test.yml:10:23: expected a duration like 5m, got the number 1: it needs a unit, one of ms, s, m, h, d, w and y",
      "rules.test.yml:11:32: expected a number, or NaN, +Inf or -Inf as Prometheus writes them, got the number NaN",
      'rules.test.yml:11:51: warning: no rule reads the gauge "ttl_secnods": did you mean "ttl_seconds"?',
      "rules.test.yml:12:28: limits do not apply in this test: set apply_limits: true",
      'rules.test.yml:12:44: there is no rule "hots": did you mean "hosts"?',
      'rules.test.yml:13:9: "job" is missing or empty: every group of a Pushgateway has one',
      "rules.test.yml:13:9: the group on line 8 has the same labels: a gateway keeps one of them",
      'rules.test.yml:15:19: unknown key "verdikt": did you mean "verdict"?',
      "rules.test.yml:16:11: warning: the test on line 3 has the same name",
      "rules.test.yml:17:5: expected at least one group, got an empty list",
    ]);
  });

  it("writes JUnit's XML for CI, whatever the names hold, and the text on stderr", async () => {
    const { exitCode, stdout, stderr } = await testRules(
      String.raw`tests:
  - name: "<b> & \"c\" \u0001 \ud800 \ufffe"
    groups: [{ labels: { job: "]]>&<" }, age: 3h, expect: { verdict: delete } }]
  - name: passes
    groups: [{ labels: { job: ci }, age: 3h, expect: { verdict: delete } }]
`,
      ["--output=junit"],
    );
    expect(exitCode).toBe(25);
    const elements = readMarkup(stdout.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, ""));
    expect(elements.map(({ name }) => name)).toEqual([
      "testsuites",
      "testsuite",
      "testcase",
      "failure",
      "testcase",
    ]);
    expect(Object.fromEntries(elements[1]!.attributes)).toEqual({
      name: "rules.test.yml",
      tests: "2",
      failures: "1",
      errors: "0",
    });
    expect(elements[2]!.attributes.get("name")).toBe("&lt;b&gt; &amp; &quot;c&quot; \ufffd \ufffd \ufffd");
    expect(elements[3]!.attributes.get("message")).toBe("1 of 1 groups are not as expected");
    expect(stdout).toContain("{job=&quot;]]&gt;&amp;&lt;&quot;}\n  expected delete\n");
    expect(stderr).toContain("FAILED rules.test.yml:3: ");
  });

  it("reports a broken file to CI as an error of its suite", async () => {
    const { exitCode, stdout } = await testRules("tests: []\n", ["--output=junit"]);
    expect(exitCode).toBe(2);
    expect(readMarkup(stdout.replace(/^<\?xml.*\n/, "")).at(-1)?.name).toBe("error");
    expect(stdout).toContain("rules.test.yml:2:1: expected at least one test, got an empty list");
  });
});
