import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";

import { parseMoment } from "../../src/cli/parse-time.ts";
import { startDemoGateway } from "../../src/demo/demo-gateway.ts";
import { demoGroups } from "../../src/demo/hosts.ts";
import { cli, type CliResult } from "../support/cli.ts";
import { now } from "../support/core-values.ts";
import { readMarkup } from "../support/markup.ts";

let url: string;
let folder: string;

beforeEach(async () => {
  const startedAt = Date.now() / 1000;
  const gateway = await startDemoGateway(() => Date.now() / 1000, demoGroups(startedAt));
  url = gateway.url;
  folder = mkdtempSync(join(tmpdir(), "output-"));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true });
    await gateway.close();
  });
});

function report(...flags: readonly string[]): Promise<CliResult> {
  return cli(["report", `--gateway=${url}`, "--ttl=30d", ...flags]);
}

describe("--output", () => {
  it.each<[string, (text: string) => unknown]>([
    ["table", (text) => /^VERDICT {2}/m.test(text)],
    [
      "summary",
      (text) => /^\S+ {2}14 groups, \d+ kept, \d+ to delete\n\nRULE .*\neverything .*\n$/.test(text),
    ],
    ["none", (text) => text === ""],
    ["json", (text) => (JSON.parse(text) as { schema_version: number }).schema_version === 1],
    ["csv", (text) => text.startsWith("\uFEFFgateway,job,instance,labels,verdict,")],
    ["markdown", (text) => text.startsWith("## `")],
    ["html", (text) => readMarkup(text).some(({ name }) => name === "table")],
  ])("%s goes to stdout, and stderr stays silent", async (format, isRight) => {
    const { exitCode, stdout, stderr } = await report(`--output=${format}`);
    expect({ exitCode, stderr, right: isRight(stdout) }).toEqual({ exitCode: 0, stderr: "", right: true });
  });
});

describe("what report prints", () => {
  const groupsIn = (text: string): number => (text.match(/\{job=/g) ?? []).length;

  it("is selected by flags, and totals stay those of all groups", async () => {
    const [all, kept, matching, oldest] = await Promise.all([
      report(),
      report("--verdict=keep"),
      report('--match={job=~"batch|backup.*"}', "--rule=everything"),
      report("--sort=age", "--limit=2"),
    ]);
    expect(groupsIn(all.stdout)).toBe(14);
    const totals = all.stdout.split("\n").slice(0, 4).join("\n");
    for (const { stdout } of [kept, matching, oldest]) {
      expect(stdout).toContain(totals);
      expect(groupsIn(stdout)).toBeLessThan(14);
      expect(groupsIn(stdout)).toBeGreaterThan(0);
    }
    expect(kept.stdout).not.toContain("ttl_expired");
    expect(groupsIn(oldest.stdout)).toBe(2);
    expect(oldest.stdout).toContain("2 of 14 groups shown (--limit=2)");
    // Not as if a limit had hidden what does not match.
    const { stdout } = await report("--verdict=keep", "--limit=3");
    expect(stdout).toContain("3 of 10 groups shown (--limit=3)");
    expect(kept.stdout).toContain("10 of 14 groups shown");
  });

  it("is short on a terminal, unless --all asks for everything and --wide for whole lines", async () => {
    const terminal = (...flags: readonly string[]) =>
      cli(["report", `--gateway=${url}`, "--ttl=30d", ...flags], { columns: 50, env: { NO_COLOR: "1" } });
    const [short, all, wide] = await Promise.all([
      terminal(),
      terminal("--all"),
      terminal("--all", "--wide"),
    ]);
    expect(short.stdout).toMatch(/\n\d+ groups kept: .*\(`report --verdict=keep` lists them\)\n/);
    expect(groupsIn(short.stdout)).toBeLessThan(14);
    expect(all.stdout).not.toContain("groups kept:");
    expect(all.stdout).toContain("…");
    expect(groupsIn(wide.stdout)).toBe(14);
    expect(wide.stdout).not.toContain("…");
  });

  it.each([
    ["--limit=0", '--limit: expected a whole number of at least 1, got "0"'],
    ["--match={job", "--match: "],
    ["--verdict=deleted", "Allowed choices are delete, withhold, keep"],
    ["--rule=everythign", '--rule: there is no rule "everythign"; there are everything\n'],
    ["--sort=size", "Allowed choices are expiry, age, labels"],
  ])("is refused to be selected by %s", async (flag, message) => {
    const { exitCode, stdout, stderr } = await report(flag);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("--output-file", () => {
  it("is refused beside --output=none, before anything is swept", async () => {
    const { exitCode, stderr } = await cli(["once", "--output=none", "--output-file=/nowhere/report"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "--output=none prints no report, so that nothing could be written to --output-file\n",
    });
  });

  it("writes the report there instead, without colours, and nothing else beside it", async () => {
    const file = join(folder, "report.txt");
    writeFileSync(file, "old");
    const { exitCode, stdout } = await cli(
      ["report", `--gateway=${url}`, "--ttl=30d", `--output-file=${file}`],
      { columns: 40 },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    const text = readFileSync(file, "utf8");
    expect(text).toContain("VERDICT  REASON");
    expect(text).not.toContain("\u001B");
    expect(text).not.toContain("…");
    expect(readdirSync(folder)).toEqual(["report.txt"]);
  });

  it("fails with a message when it cannot be written, after a sweep, too", async () => {
    for (const command of ["report", "once"]) {
      const { exitCode, stdout, stderr } = await cli([
        command,
        `--gateway=${url}`,
        "--ttl=3000d",
        `--output-file=${folder}/none/report.json`,
      ]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain(`--output-file: ${folder}/none/report.json: there is no folder`);
    }
  });
});

describe("--at", () => {
  it("says what would be decided then, and that it is the future", async () => {
    const [today, later] = await Promise.all([report("--output=json"), report("--output=json", "--at=+5y")]);
    type Json = { gateways: { totals: { delete: number; keep: number; withhold: number } }[] };
    const [now, then] = [today, later].map(({ stdout }) => (JSON.parse(stdout) as Json).gateways[0]?.totals);
    expect(then?.keep).toBeLessThan(now?.keep ?? 0);
    expect(later.stdout).toContain('"planned_for"');
    expect(today.stdout).not.toContain("planned_for");
    expect((await report("--at=+7d")).stdout).toContain(", in 7d, if nobody pushes until then.\n");
  });

  it.each([
    ["2001-01-01T00:00:00Z", "--at: 2001-01-01T00:00:00Z is in the past"],
    ["tomorrow", '--at: "tomorrow" is not a moment: write +7d, or a time like'],
    ["+1.5d", '--at: "1.5d" is not a duration'],
    ["2031-13-01T00:00:00Z", "is not a moment"],
  ])("refuses %s with exit code 2", async (at, message) => {
    const { exitCode, stdout, stderr } = await report(`--at=${at}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("counts +7d from the gateway's own time, and takes RFC 3339 as it is", () => {
    expect(parseMoment("+7d", now)(now - 3600)).toBe(now - 3600 + 604_800);
    expect(parseMoment("2027-01-15T09:00:00+01:00", now)(now - 3600)).toBe(now);
  });

  it("is no flag of once", async () => {
    const { exitCode } = await cli(["once", `--gateway=${url}`, "--ttl=30d", "--at=+7d"]);
    expect(exitCode).toBe(2);
  });
});
