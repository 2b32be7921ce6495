import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { createLabels, formatLabels, labelsToObject } from "../../src/core/labels.ts";
import { cli } from "../support/cli.ts";

const example = join(import.meta.dirname, "../../config/janitor.yml");

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("the command line", () => {
  it("lists all commands with --help, on stdout", async () => {
    const { exitCode, stdout, stderr } = await cli(["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const command of ["report", "once", "explain", "check", "demo"])
      expect(stdout).toContain(`  ${command} `);
  });

  it("lists the flags of a command", async () => {
    const { exitCode, stdout } = await cli(["once", "--help"]);
    expect(exitCode).toBe(0);
    for (const flag of [
      "--config.file",
      "--dry-run",
      "--no-dry-run",
      "--limits.max-delete-ratio",
      "--log.level",
    ]) {
      expect(stdout).toContain(flag);
    }
  });

  it("prints its version", async () => {
    const { exitCode, stdout } = await cli(["--version"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^pushgateway-janitor \d+\.\d+\.\d+\n$/);
  });

  it.each<[string, string[], string]>([
    ["no command", [], "Usage: pushgateway-janitor"],
    ["an unknown command", ["repotr"], "(Did you mean report?)"],
    ["an unknown flag", ["report", "--config.fiel=x"], "(Did you mean --config.file?)"],
    ["a flag without its value", ["report", "--ttl"], "argument missing"],
    [
      "no file, where a gateway does",
      ["delete", "job=x"],
      "janitor.yml: cannot be read: there is no such file\nName one with --config.file=FILE, or do without: --gateway=URL\n",
    ],
    ["no file, where a gateway is enough to begin with", ["report"], "or do without: --gateway=URL\n"],
    ["no file, where a TTL is needed, too", ["once"], "or do without: --gateway=URL --ttl=DURATION\n"],
    ["no file, where Prometheus is asked", ["suggest"], "or do without: --prometheus=URL\n"],
    ["no file to restore from", ["restore", "--all"], "or do without: restore into --gateway=URL\n"],
    ["no file to find the archive", ["archive", "list"], "or do without: name the folder of an archive\n"],
    [
      "a gateway without a TTL",
      ["once", "--gateway=http://a"],
      "--gateway needs --ttl=DURATION beside it: how old every group may get",
    ],
    ["a TTL without a gateway", ["report", "--ttl=1d"], "--ttl needs --gateway=URL beside it"],
    [
      "a file beside a gateway",
      ["report", "--config.file=x", "--gateway=http://a", "--ttl=1d"],
      "exclude each other",
    ],
    ["a TTL that is none", ["report", "--gateway=http://a", "--ttl=5min"], '--ttl: "5min" is not a duration'],
    [
      "a TTL of nothing",
      ["once", "--gateway=http://a", "--ttl=0"],
      "--ttl: must be over 0: groups would expire as they are pushed",
    ],
    [
      "a URL without a scheme",
      ["once", "--gateway=localhost:9091", "--ttl=1d"],
      '--gateway: a URL must start with http:// or https://: did you mean "http://localhost:9091"?',
    ],
    [
      "a ratio over 1",
      ["once", "--gateway=http://a", "--ttl=1d", "--limits.max-delete-ratio=50"],
      '--limits.max-delete-ratio: expected a number from 0 to 1, got "50"',
    ],
    [
      "a count that is none",
      ["once", "--gateway=http://a", "--ttl=1d", "--limits.max-deletes=1.5"],
      '--limits.max-deletes: expected a whole number of at least 0, got "1.5"',
    ],
    [
      "a rate of nothing",
      ["once", "--gateway=http://a", "--ttl=1d", "--limits.deletes-per-second=0"],
      "--limits.deletes-per-second: expected a number of at least 0.01",
    ],
    [
      "an evidence age of nothing",
      ["once", "--gateway=http://a", "--ttl=1d", "--limits.max-evidence-age=0"],
      "--limits.max-evidence-age: must be over 0",
    ],
    [
      "an output that is none",
      ["report", "--gateway=http://a", "--ttl=1d", "--output=xml"],
      "Allowed choices are table, summary, json",
    ],
    ["a file that is not there", ["report", "--config.file=/nowhere/janitor.yml"], "/nowhere/janitor.yml"],
  ])("refuses %s with exit code 2, on stderr only", async (_, argv, message) => {
    const { exitCode, stdout, stderr } = await cli(argv);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });
});

describe("check config", () => {
  it("shows what was understood", async () => {
    const { exitCode, stdout, stderr } = await cli(["check", "config", example]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("1 gateway, 6 rules");
  });

  it("shows all problems of all files, each with line and column, and exits with 2", async () => {
    const bad = file(
      "bad.yml",
      "pushgateways:\n  - name: a\n    url: ftp://a\nrules:\n  - name: x\n    matcher: []\n    ttl: 5min\n",
    );
    const { exitCode, stdout, stderr } = await cli(["check", "config", bad, example]);
    expect(stderr).toContain(`${bad}:3:10: `);
    expect(stderr).toContain(`${bad}:6:5: unknown key "matcher": did you mean "matchers"?`);
    expect(stderr).toContain(`${bad}:7:10: `);
    expect(stderr).toContain("^^^^");
    expect(stdout).toContain("1 gateway, 6 rules");
    expect(exitCode).toBe(2);
  });
});

describe("explain", () => {
  const explain = (...argv: string[]): ReturnType<typeof cli> =>
    cli(["explain", ...argv, `--config.file=${example}`]);

  it("goes through the rules in order and says which one decides", async () => {
    const { exitCode, stdout } = await explain("job=ci", "instance=runner-1");
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        '{job="ci", instance="runner-1"}',
        "",
        '  keep-billing: does not match job="billing"',
        "  ci: matches, decides",
        '  nightly: does not match job=~"nightly_.*"',
        '  batch-hosts: does not match job="batch"',
        '  self-declared: does not match team="data"',
        "  everything-else: matches, but an earlier rule decides",
        "",
        "Rule ci: more than 2h after its last push, failed pushes included, it is deleted (ttl_expired).",
        "",
      ].join("\n"),
    );
  });

  const odd = createLabels([
    ["job", 'a "b"\\'],
    ["instance", ""],
    ["Ж.label", "{x=y}, \n\t\u001b\u202e 😀"],
    ["__proto__", "é"],
  ]);

  it.each<[string[], string]>([
    [['{job="ci", instance="runner-1"}'], '{job="ci", instance="runner-1"}'],
    [['job="ci"'], '{job="ci"}'],
    [['job="ci"', "instance=10.0.0.1:9100"], '{job="ci", instance="10.0.0.1:9100"}'],
    [["instance=x,job=ci"], '{job="ci", instance="x"}'],
    [['{job="ci"}', 'instance=""'], '{job="ci", instance=""}'],
    [['{"job": "ci", "my label": "x\\ny"}'], '{job="ci", "my label"="x\\ny"}'],
    [["{}"], "{}"],
    [[formatLabels(odd)], formatLabels(odd)],
    [[JSON.stringify(labelsToObject(odd))], formatLabels(odd)],
  ])("understands %j, as reports print it", async (labels, line) => {
    const { exitCode, stdout } = await explain(...labels);
    expect({ exitCode, line: stdout.split("\n")[0] }).toEqual({ exitCode: 0, line });
  });

  it.each<[string[], string]>([
    [["job"], '"job" cannot be read as labels: expected one of = != =~ !~, but the text ends'],
    [["job="], "expected a label value, but the text ends"],
    [["=ci"], "expected a label name"],
    [["job=my job"], 'expected a comma or the end, but found "j"'],
    [["{job=ci,", "instance=x}"], '"{job=ci," cannot be read as labels: expected a comma or "}"'],
    [['{job="ci…'], 'the quote " is never closed'],
    [['job!="ci"'], 'a group has one value for "job", so that != says too little'],
    [['{job=~"ci"}'], "=~ says too little"],
    [["job=ci", 'job="x"'], 'the label "job" is given twice'],
    [[""], "it is empty"],
    [['{"job": 1}'], "cannot be read as labels"],
    [["(labels hidden by a pushed metric)"], "cannot be read as labels"],
  ])("refuses %j with exit code 2 and says how to write it", async (labels, message) => {
    const { exitCode, stdout, stderr } = await explain(...labels);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("Write job=ci instance=runner-1, or paste what a report prints");
  });

  it.each([
    ["2h", "At an age of 2h: keep (within_ttl)"],
    ["2h1s", "At an age of 2h1s: delete (ttl_expired)"],
  ])("at an age of %s says what becomes of it", async (age, line) => {
    expect((await explain("job=ci", "instance=runner-1", `--age=${age}`)).stdout).toContain(line);
  });

  it("says that a rule keeps, and that a latest one may stay", async () => {
    expect((await explain("job=billing")).stdout).toContain(
      "Rule keep-billing keeps it, however old (rule_keeps).",
    );
    expect((await explain("job=nightly_x")).stdout).toMatch(
      /The freshest group of each job is kept, however old \(kept_latest\)\.\n$/,
    );
    expect((await explain("job=nightly_x", "--age=8d")).stdout).toContain(
      "At an age of 8d: delete (ttl_expired), unless it is one of those\n",
    );
    expect((await explain("job=nightly_x", "--age=1h")).stdout).not.toContain("unless");
  });

  it("takes one TTL for everything, too", async () => {
    const { stdout } = await cli(["explain", "job=x", "--gateway=http://a", "--ttl=1d", "--age=2d"]);
    expect(stdout).toContain("At an age of 2d: delete (ttl_expired)");
  });
});

describe("demo", () => {
  it("reports, sweeps and shows what is left: plain text when piped", async () => {
    const { exitCode, stdout, stderr } = await cli(["demo"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [, report, swept, left] = stdout.split(/^\d\. /m);
    expect(report).toContain("14 groups, 8 kept, 6 to delete");
    expect(swept).toContain("14 groups, 8 kept, 6 deleted");
    expect(left).toContain("8 groups, 8 kept, 0 to delete");
    // Its pushes have been refused for weeks, but it lives.
    expect(left).toContain('{job="batch", instance="web-4"}');
    expect(left).toContain('{job="batch"}');
    expect(left).not.toContain('path=".."');
    expect(stdout).not.toContain("\u001B");
  });

  it("has colours on a terminal and fits its width, and none where the user said no", async () => {
    const { stdout } = await cli(["demo"], { columns: 60 });
    expect(stdout).toContain("\u001B[");
    const table = stdout.split("\n").filter((line) => line.includes("ttl_expired"));
    // eslint-disable-next-line no-control-regex
    for (const line of table) expect(line.replaceAll(/\u001B\[\d+m/g, "").length).toBeLessThanOrEqual(60);
    expect((await cli(["demo"], { columns: 60, env: { NO_COLOR: "1" } })).stdout).not.toContain("\u001B");
  });
});
