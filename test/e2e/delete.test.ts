import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, onTestFinished, test } from "vitest";

import { temporaryFolder } from "../support/archived-groups.ts";
import { cli } from "../support/cli.ts";
import { startProgram } from "../support/program.ts";
import { emptyFamilyPush, getJson, push, type PushLabels } from "../support/push.ts";
import { installedGateways, startPushgateway, type PushgatewayOptions } from "../support/pushgateway.ts";

const run = promisify(execFile);

async function jobsOf(url: string): Promise<readonly string[]> {
  const { data } = await getJson<{ data: readonly { labels: Record<string, string> }[] }>(
    url,
    "/api/v1/metrics",
  );
  return data.map(({ labels }) => Object.values(labels).toSorted().join("/")).toSorted();
}

interface Report {
  readonly gateways: readonly {
    readonly groups: readonly {
      readonly labels: Record<string, string>;
      readonly verdict: string;
      readonly reason: string;
      readonly outcome?: string;
    }[];
  }[];
}

describe.each(installedGateways)("delete on a real gateway $name", (gateway) => {
  async function start(groups: readonly PushLabels[], options: PushgatewayOptions = {}) {
    const started = await startPushgateway({ gateway, ...options });
    onTestFinished(() => started.stop());
    for (const labels of groups) await push(started.url, labels, "a 1\n");
    return started.url;
  }

  const remove = (url: string, ...words: readonly string[]) =>
    cli(["delete", `--gateway=${url}`, "--output=json", "--yes", ...words]);

  async function reasons(url: string, ...words: readonly string[]) {
    const { stdout, ...rest } = await remove(url, ...words);
    const { groups } = (JSON.parse(stdout) as Report).gateways[0]!;
    const fates = groups.map(({ labels, reason, outcome }) => [
      Object.values(labels).toSorted().join("/"),
      outcome ?? reason,
    ]);
    return { ...rest, fates: Object.fromEntries(fates) as Record<string, string> };
  }

  test("deletes what matches, however young, and nothing else", async () => {
    const url = await start([{ job: "a", instance: "1" }, { job: "a", instance: "2" }, { job: "b" }]);
    expect(await reasons(url, 'job="a"', 'instance=~"[12]"')).toMatchObject({
      exitCode: 0,
      fates: { "1/a": "gone", "2/a": "gone", b: "not_selected" },
    });
    expect(await jobsOf(url)).toEqual(["b"]);
    expect(await remove(url, 'job="a"')).toMatchObject({ exitCode: 0, stderr: "No group matches.\n" });
  });

  test("spares younger groups with --older-than, the janitor's own group, and groups that no DELETE names", async () => {
    const now = Date.now() / 1000;
    const url = await start([], {
      groups: [
        { labels: { job: "old" }, pushTime: now - 7200 },
        { labels: { job: "young" }, pushTime: now - 1800 },
        { labels: { job: "future" }, pushTime: now + 7200 },
        { labels: { job: "pushgateway-janitor", instance: "x" }, pushTime: now - 7200 },
        { labels: { job: "mark", x: "\uFFFD" }, pushTime: now - 7200 },
      ],
    });
    const kept = { "pushgateway-janitor/x": "own_metrics", "mark/\uFFFD": "unaddressable" };
    expect((await reasons(url, 'job=~".+"', "--older-than=1h")).fates).toEqual({
      ...kept,
      old: "gone",
      young: "within_ttl",
      future: "future_time",
    });
    expect((await reasons(url, 'job=~".+"')).fates).toEqual({ ...kept, young: "gone", future: "gone" });
  });

  test("--exact deletes the group with these labels, and none with more or with an empty instance", async () => {
    const url = await start([{ job: "a" }, { job: "a", instance: "1" }, { job: "a", instance: "" }]);
    const others = { "1/a": "not_selected" };
    const empty = '{job="a", instance=""}';
    expect((await reasons(url, "--exact", empty)).fates).toEqual({
      ...others,
      a: "not_selected",
      "/a": "gone",
    });
    expect((await reasons(url, "--exact", "job=a")).fates).toEqual({ ...others, a: "gone" });
  });

  test("asks on a terminal; what is pushed before the answer stays", async () => {
    const url = await start([
      { job: "a", x: "1" },
      { job: "a", x: "2" },
    ]);
    const words = ["delete", 'job="a"', `--gateway=${url}`, "--output=json"];
    const shown: string[] = [];
    const no = await cli(words, { answer: (stderr) => (shown.push(stderr), "\n") });
    expect(no).toMatchObject({ exitCode: 1, stdout: "" });
    expect(no.stderr).toMatch(/Nothing was deleted from 127\.0\.0\.1:\d+\.\n$/);
    expect(shown).toEqual([expect.stringMatching(/x="1"[^]*x="2"[^]*Delete 2 groups from .* \(y\/N\) $/)]);
    expect(await jobsOf(url)).toHaveLength(2);

    const signal = new AbortController();
    const stopped = await cli(words, { stop: signal.signal, answer: () => (signal.abort(), "y") });
    expect(stopped).toMatchObject({ exitCode: 143, stdout: "" });
    expect(await jobsOf(url)).toHaveLength(2);

    const answer = async () => {
      await push(url, { job: "a", x: "2" }, "a 2\n");
      await push(url, { job: "a", x: "3" }, "a 1\n");
      return "y";
    };
    const yes = await cli(words, { answer });
    expect(yes.exitCode).toBe(0);
    expect((JSON.parse(yes.stdout) as Report).gateways[0]?.groups).toMatchObject([
      { labels: { x: "1" }, reason: "requested", outcome: "gone" },
      { labels: { x: "2" }, reason: "pushed_again" },
    ]);
    expect(await jobsOf(url)).toEqual(["2/a", "3/a"]);
  });

  test("asks for each gateway", async () => {
    const urls = [await start([{ job: "a" }]), await start([{ job: "a" }]), await start([{ job: "b" }])];
    const answers = ["n", "y"];
    const flags = urls.map((url) => `--gateway=${url}`);
    const { exitCode, stderr } = await cli(["delete", 'job="a"', ...flags], {
      answer: () => answers.shift() ?? "",
    });
    expect(exitCode).toBe(1);
    expect(stderr.match(/\(y\/N\) /g)).toHaveLength(2);
    expect(await Promise.all(urls.map(jobsOf))).toEqual([["a"], [], ["b"]]);
  });

  test("shows the plan with --dry-run, and without a terminal deletes only with --yes", async () => {
    const url = await start([{ job: "a" }]);
    const refused = await cli(["delete", 'job="a"', `--gateway=${url}`]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toContain("--yes");
    const dry = await cli(["delete", 'job="a"', `--gateway=${url}`, "--dry-run"]);
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(dry.stdout).toContain("1 to delete");
    // There are no rules to sum up by.
    expect(dry.stdout).not.toContain("(no rule)");
    expect(await jobsOf(url)).toEqual(["a"]);
  });

  test("withholds by the limits, and prints the command that passes them", async () => {
    const url = await start([{ job: "a", x: "it's" }, { job: "b" }]);
    const limit = ["--limits.ratio-min-groups=2", "--limits.max-delete-ratio=0.4"];
    const withheld = await remove(url, 'x="it\'s"', "--source=auto", ...limit);
    expect(withheld.exitCode).toBe(20);
    const { error } = (JSON.parse(withheld.stdout) as { gateways: [{ error: { message: string } }] })
      .gateways[0];
    expect(error.message).toMatch(
      /^1 of 2 groups are to be deleted \(50\.0 %\).*Review them with --dry-run\./,
    );
    const [, command = ""] = /pushgateway-janitor (.*)$/.exec(error.message) ?? [];
    expect(command).toMatch(/ --source=auto .*--limits\.max-delete-ratio=0\.5/);
    const { stdout } = await run("sh", ["-c", `printf '%s\\0' ${command}`]);
    expect(await cli([...stdout.split("\0").slice(0, -1), "--yes"])).toMatchObject({ exitCode: 0 });
    expect(await jobsOf(url)).toEqual(["b"]);
  });

  test("deletes the group that breaks the API, read from /metrics", async () => {
    const url = await start([{ job: "ok" }, { job: "evil", instance: "b" }]);
    await emptyFamilyPush(url, { job: "evil" });
    expect(await remove(url, "--exact", "job=evil")).toMatchObject({ exitCode: 1 });
    // Not by matchers: the group's times are unknown.
    expect((await reasons(url, 'job="evil",instance=""', "--source=exposition")).fates).toMatchObject({
      evil: "invalid_time",
    });
    const { exitCode, fates } = await reasons(url, "--exact", "job=evil", "--source=exposition");
    expect({ exitCode, fates }).toEqual({
      exitCode: 0,
      fates: { evil: "gone", "b/evil": "not_selected", ok: "not_selected" },
    });
    expect(await jobsOf(url)).toEqual(["b/evil", "ok"]);
  });
});

test("delete archives by the file, and a deletion on demand is no rule's", async () => {
  const started = await startPushgateway();
  onTestFinished(() => started.stop());
  await push(started.url, { job: "a" }, "a 1\n");
  const folder = temporaryFolder();
  const file = join(folder, "janitor.yml");
  writeFileSync(
    file,
    `pushgateways:\n  - {name: one, url: "${started.url}"}\n  - {name: down, url: "http://127.0.0.1:1"}\n` +
      "archive: {dir: archive}\nrules:\n  - {name: all, matchers: [], action: keep}\n",
  );
  const flags = [`--config.file=${file}`, "--only=one", "--yes"];
  expect(await cli(["delete", 'job="a"', ...flags])).toMatchObject({ exitCode: 0 });
  const { stdout } = await cli(["archive", "list", join(folder, "archive"), "--output=json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    events: [{ labels: { job: "a" }, rule: null, reason: "requested", outcome: "gone" }],
  });
  await push(started.url, { job: "a" }, "a 1\n");
  const again = await cli(["once", `--config.file=${file}`, "--only=one"]);
  expect(again.stdout).not.toContain("came back");
});

test("delete refuses matchers that an empty variable may have left", async () => {
  for (const matchers of ["{}", 'instance!="x"', ""]) {
    const result = await cli(["delete", matchers, "--gateway=http://127.0.0.1:1", "--yes"]);
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
  }
});

test("delete takes the answer from the terminal", async () => {
  const started = await startPushgateway();
  onTestFinished(() => started.stop());
  await push(started.url, { job: "a" }, "a 1\n");
  const program = startProgram(["delete", "--exact", "job=a", `--gateway=${started.url}`], {
    under: (command) => ["sh", "-c", `echo y | script -qec "$0" /dev/null`, command],
  });
  const { exitCode, stdout } = await program.ended;
  expect(stdout).toContain("Delete 1 group from");
  expect(exitCode).toBe(0);
  expect(await jobsOf(started.url)).toEqual([]);
});
