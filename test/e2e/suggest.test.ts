import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { loadConfig } from "../../src/config/load.ts";
import { cli } from "../support/cli.ts";
import { mayLackPrometheus, startPrometheus } from "../support/prometheus-server.ts";
import { runPromtool } from "../support/promtool.ts";
import { startScriptedPrometheus, vectorOf } from "../support/scripted-prometheus.ts";
import { startPushgateway } from "../support/pushgateway.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
/** A full minute, so that a history of two days ends with a scrape. */
const now = Math.floor(Date.now() / 1000 / minute) * minute;
const historyStart = now - 2 * day;

/** Push times, Unix seconds, of one group, and the labels that Prometheus gives it. */
interface History {
  readonly labels: Readonly<Record<string, string>>;
  readonly pushes: readonly number[];
  /** Of the same group on another gateway: Prometheus takes its samples every other minute. */
  readonly others?: readonly number[];
  /** When the group is deleted; left out: it stays. */
  readonly goneAt?: number;
}

function every(interval: number, { from = historyStart, to = now, offset = 7 } = {}): readonly number[] {
  const pushes: number[] = [];
  // With a push before the window, as there is one of every job that is older.
  for (let at = from - interval + offset; at <= to; at += interval) pushes.push(at);
  return pushes;
}

const histories: readonly History[] = [
  ...["a", "b"].map((instance) => ({ labels: { job: "minutely", instance }, pushes: every(minute) })),
  ...["a", "b", "c"].map((instance, index) => ({
    labels: { job: "hourly", instance },
    pushes: every(hour, { offset: 100 * index }),
  })),
  // Hosts that live for three hours each, and whose groups stay.
  ...Array.from({ length: 8 }, (_, index) => {
    const from = historyStart + index * 4 * hour;
    return {
      labels: { job: "runners", instance: `runner-${index}` },
      pushes: every(5 * minute, { from, to: from + 3 * hour }),
    };
  }),
  { labels: { job: "nightly", instance: "a" }, pushes: every(day) },
  // Weekday mornings, say.
  {
    labels: { job: "shifts", instance: "a" },
    pushes: [
      ...every(5 * minute, { to: historyStart + 8 * hour }),
      ...every(5 * minute, { from: now - 8 * hour }),
    ],
  },
  // Deleted by a shell loop, and pushed again by the same host.
  {
    labels: { job: "swept", instance: "a" },
    pushes: every(2 * hour),
    goneAt: historyStart + 9 * hour + 30 * minute,
  },
  // Scraped without honor_labels.
  {
    labels: { job: "pushgateway", instance: "gateway:9091", exported_job: "foreign", exported_instance: "a" },
    pushes: every(10 * minute),
  },
  { labels: { job: "never", instance: "a" }, pushes: [0] },
  // Two gateways, scraped with honor_labels.
  { labels: { job: "mixed", instance: "a" }, pushes: every(hour), others: every(hour, { offset: 1807 }) },
  { labels: { job: "we\"ird\u202e: '{x}", instance: "a" }, pushes: every(hour) },
];

/** As Prometheus scrapes it each minute: the last push at that time. */
function openMetrics(): string {
  const lines = ["# TYPE push_time_seconds gauge"];
  for (const { labels, pushes, others = pushes, goneAt } of histories) {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const series = `push_time_seconds{${pairs.join(",")}}`;
    for (let at = historyStart; at <= now; at += minute) {
      const push = (at % (2 * minute) === 0 ? pushes : others).findLast((time) => time <= at) ?? now;
      const isGone = goneAt !== undefined && push <= goneAt && at >= goneAt;
      if (push <= at && !isGone) lines.push(`${series} ${push} ${at}`);
    }
  }
  return `${lines.join("\n")}\n# EOF\n`;
}

describe.skipIf(mayLackPrometheus)("suggest", () => {
  const folder = mkdtempSync(join(tmpdir(), "suggest-"));
  const ends: (() => Promise<void>)[] = [];
  let prometheus = "";
  beforeAll(async () => {
    writeFileSync(join(folder, "prometheus.yml"), "");
    writeFileSync(join(folder, "history.txt"), openMetrics());
    mkdirSync(join(folder, "data"));
    const files = [join(folder, "history.txt"), join(folder, "data")];
    const { output } = runPromtool(["tsdb", "create-blocks-from", "openmetrics", "--quiet", ...files]);
    if (output !== "") throw new Error(output);
    prometheus = (await startPrometheus(join(folder, "prometheus.yml"), (stop) => ends.push(stop))).url;
  }, 60_000);
  afterAll(async () => {
    for (const end of ends) await end();
    rmSync(folder, { recursive: true, force: true });
  });

  const clock = { now: () => now, monotonic: () => performance.now() / 1000 };
  /** By rule. */
  const ttls = (stdout: string): Record<string, string> =>
    Object.fromEntries(
      [...stdout.matchAll(/^ {2}- name: (.*)\n {4}matchers:\n {6}- .*\n {4}ttl: (.*)$/gm)].map((match) => [
        match[1]!,
        match[2]!,
      ]),
    );

  it("gives regular jobs a TTL of a few intervals, and leaves all others to people", async () => {
    const { exitCode, stdout, stderr } = await cli(["suggest", `--prometheus=${prometheus}`, "--window=2d"], {
      clock,
    });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(ttls(stdout)).toEqual({
      minutely: "5m",
      hourly: "3h",
      runners: "15m",
      swept: "6h",
      foreign: "30m",
      "job-9": "3h",
    });
    expect(stdout).toContain(
      '  # job="runners": 296 pushes to 8 groups, 8 of them ended after 3h (median)\n' +
        "  #   interval: median 5m, 99 % up to 5m, longest gap 5m\n",
    );
    // Prometheus' own clock decides whether fifteen minutes hold fifteen samples or fourteen.
    expect(stdout).toMatch(/\n# Intervals below (?:56s|1m) cannot be seen\.\n/);
    expect(stdout.replace(/(job="mixed": )\d+/, "$1many")).toContain(
      "# Without a rule:\n" +
        '# job="mixed": many pushes to 1 group\n' +
        "#   interval: median 30m, 99 % up to 30m, longest gap 30m\n" +
        "#   its push times go backwards: several gateways are scraped as one, and their pushes cannot be distinguished\n" +
        '# job="nightly": 3 pushes to 1 group\n' +
        "#   interval: median 1d, 99 % up to 1d, longest gap 1d\n" +
        "#   too little history: 2 intervals between pushes, and 10 are needed\n" +
        '# job="shifts"',
    );
    expect(stdout).toMatch(
      /#   too little history: its longest gap takes over a quarter of it; use a longer --window\n$/,
    );
    expect(stdout).not.toContain("never");
    expect(stdout).not.toContain("\u202e");
  });

  it("prints what check config accepts, and counts what it would delete on the gateways of the file; warns of TTLs that are too short", async () => {
    const gateway = await startPushgateway({
      groups: [
        { labels: { job: "hourly", instance: "a" }, pushTime: now - hour },
        { labels: { job: "hourly", instance: "z" }, pushTime: now - 4 * hour },
        { labels: { job: "other" }, pushTime: now - 30 * day },
      ],
    });
    onTestFinished(() => gateway.stop());
    const head = `pushgateways:\n  - { name: live, url: "${gateway.url}" }\n  - { name: dead, url: "http://127.0.0.1:1" }\n`;
    const file = join(folder, "janitor.yml");
    writeFileSync(
      file,
      `${head}limits: { max_outage: 0s }\nprometheus: { url: "${prometheus}" }\nrules:\n` +
        `  - { name: kept, matchers: ['job="shifts"'], action: keep }\n` +
        `  - { name: short, matchers: ['job="hourly"'], ttl: 45m }\n` +
        `  - { name: long, matchers: ['job!="nightly"'], ttl: 2h }\n  - { name: rest, matchers: ['job!=""'], ttl: 12h }\n`,
    );
    const { exitCode, stdout, stderr } = await cli(["suggest", `--config.file=${file}`, "--window=2d"]);
    expect(exitCode).toBe(0);
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(
        /janitor\.yml: warning: rule "short": its ttl 45m is shorter than a gap of 1h between two pushes of \{job="hourly", instance="[abc]"\}$/,
      ),
      `${file}: warning: rule "rest": its ttl 12h is shorter than a gap of 1d between two pushes of {job="nightly", instance="a"}`,
      "",
    ]);
    expect(stdout).toMatch(/^# Gateway dead: failed: GET http:\/\/127\.0\.0\.1:1\/.*ECONNREFUSED/m);
    expect(stdout).toMatch(
      / {2}# job="hourly": .*\n {2}#   interval: .*\n {2}# Now: 1 of 2 groups expired\n {2}- name: hourly\n/,
    );
    expect(stdout).toContain("  # Now: 0 of 0 groups expired\n  - name: minutely\n");

    const pasted = join(folder, "pasted.yml");
    writeFileSync(pasted, head + stdout);
    expect(await cli(["check", "config", pasted])).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("says what it lacks: a Prometheus, one that answers, one with push times", async () => {
    const file = join(folder, "bare.yml");
    writeFileSync(
      file,
      "pushgateways: [{ name: a, url: 'http://127.0.0.1:1' }]\nrules: [{ name: r, matchers: ['job!=\"\"'], ttl: 1d }]\n",
    );
    expect(await cli(["suggest", `--config.file=${file}`])).toMatchObject({
      exitCode: 2,
      stderr: `${file}: there is no prometheus section; add one, or use --prometheus=URL\n`,
    });
    expect(await cli(["suggest", "--prometheus=http://127.0.0.1:1"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("POST http://127.0.0.1:1/api/v1/query: connect ECONNREFUSED"),
    });
    expect(
      await cli(["suggest", `--prometheus=${prometheus}`, "--window=1h"], {
        clock: { ...clock, now: () => historyStart - 30 * day },
      }),
    ).toMatchObject({
      exitCode: 1,
      stderr: `${prometheus} knows no push_time_seconds: does it scrape the gateways?\n`,
    });
    expect(await cli(["suggest", "--window=59m"])).toMatchObject({ exitCode: 2 });
    const interrupted = await cli(["suggest", `--prometheus=${prometheus}`], { stop: AbortSignal.abort() });
    expect(interrupted).toEqual({ exitCode: 143, stdout: "", stderr: "" });
  });
});

it("asks for ever shorter periods until Prometheus bears it, one at a time", async () => {
  const ranges: number[] = [];
  let underWay = 0;
  const server = createServer((request, response) => {
    expect((underWay += 1)).toBe(1);
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      underWay -= 1;
      const form = new URLSearchParams(body);
      const seconds = Number(form.get("end")) - Number(form.get("start"));
      const vector = (value: string): string =>
        `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"${value}"]}]}}`;
      if (!form.has("start")) return response.end(vector("10"));
      ranges.push(seconds);
      if (seconds > hour)
        return response.writeHead(422).end('{"error":"query processing would load too many samples"}');
      const metric = { __name__: "push_time_seconds", job: "j" };
      const values = [
        [Number(form.get("end")), String(Number(form.get("end")) - (Number(form.get("end")) % 600))],
      ];
      return response.end(
        JSON.stringify({ status: "success", data: { resultType: "matrix", result: [{ metric, values }] } }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { exitCode, stdout } = await cli(["suggest", `--prometheus=${url}`, "--window=6h"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('job="j"');
  expect(ranges.filter((seconds) => seconds > hour)).toEqual([21_546, 10_692, 5265]);
  expect(Math.max(...ranges.slice(4))).toBeLessThanOrEqual(hour);
});

it("suggests exactly one rule for each job, whatever its name and those of gateways do to YAML", async () => {
  const jobs = [
    "\na: 1\n  - name: all\n    matchers: []\n    ttl: 1s",
    "job-1",
    "job-2",
    "\u0000\u0085\u2028\u202e",
    `'"\\`,
    "# no comment",
    "- a: {b, *c, &d} | > !!int %",
    "null",
    "~",
    "1e5",
    "yes",
    "2026-11-30",
    " a ",
    "---",
    "...",
    "<<",
    "=~.*",
    "__proto__",
    "x".repeat(300),
  ];
  const prometheus = await startScriptedPrometheus((response, query) => {
    if (/^(?:count|max)\(/.test(query)) return response.end(vectorOf([{}]));
    const values = Array.from({ length: 30 }, (_, index) => [now, String(now - 3000 + 100 * index)]);
    const result = (query === "push_time_seconds" ? jobs : []).map((job) => ({
      metric: { __name__: "push_time_seconds", job },
      values,
    }));
    const answer = { status: "success", data: { resultType: "matrix", result } };
    return response.end(JSON.stringify(answer));
  });
  const file = join(mkdtempSync(join(tmpdir(), "suggest-")), "pasted.yml");
  onTestFinished(() => rmSync(dirname(file), { recursive: true }));
  const named = String.raw`pushgateways: [{ name: "a\nrules: []", url: "http://127.0.0.1:1" }]`;
  writeFileSync(
    file,
    `${named}\nprometheus: { url: "${prometheus.url}" }\nrules: [{ name: r, matchers: [], ttl: 1d }]\n`,
  );
  const { exitCode, stdout } = await cli(["suggest", `--config.file=${file}`, "--window=1d"]);
  expect(exitCode).toBe(0);
  writeFileSync(file, `pushgateways: [{ name: a, url: "http://127.0.0.1:1" }]\n${stdout}`);
  const loaded = await loadConfig(file);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { rules } = loaded.config;
  const matchers = rules.map((rule) =>
    rule.matchers.map(({ name, operator, value }) => name + operator + value),
  );
  expect(matchers).toEqual(jobs.toSorted().map((job) => [`job=${job}`]));
  expect(new Set(rules.map(({ action }) => action))).toEqual(new Set(["delete"]));
});
