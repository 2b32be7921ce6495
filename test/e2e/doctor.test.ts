import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, onTestFinished, test } from "vitest";

import { cli } from "../support/cli.ts";
import { emptyFamilyPush, groupsOn, push, type PushLabels } from "../support/push.ts";
import { send, pathOf } from "../support/http.ts";
import { startProxy } from "../support/proxy.ts";
import { installedGateways, startPushgateway, type PushgatewayOptions } from "../support/pushgateway.ts";

interface Report {
  readonly gateways: readonly {
    readonly condition: string;
    readonly error?: { readonly code: string };
    readonly findings: readonly { readonly reason: string; readonly remedy: Remedy }[];
    readonly undeletable: readonly { readonly reason: string; readonly commands: readonly string[] }[];
    readonly pushes: Readonly<Record<string, unknown>>;
  }[];
}

interface Remedy {
  readonly kind: string;
  readonly delete?: readonly Deletion[];
  readonly options?: readonly { readonly delete: readonly Deletion[] }[];
}

interface Deletion {
  readonly labels: object;
  readonly delete_command: string | null;
  readonly commands: readonly string[];
}

async function doctor(url: string, ...flags: readonly string[]) {
  const { exitCode, stdout } = await cli(["doctor", `--gateway=${url}`, "--output=json", ...flags]);
  return { exitCode, ...(JSON.parse(stdout) as Report).gateways[0]! };
}

const sh = (script: string) => promisify(execFile)("sh", ["-c", script]);

/** Carries out what the doctor prints: by `delete`, or else by hand. */
async function carryOut({ delete_command: command, commands }: Deletion) {
  if (command === null) {
    for (const one of commands) await sh(`${one} --silent --fail`);
    return;
  }
  const { stdout } = await sh(`printf '%s\\0' ${command}`);
  const [program, ...words] = stdout.split("\0").slice(0, -1);
  expect(program).toBe("pushgateway-janitor");
  expect(await cli([...words, "--yes"])).toMatchObject({ exitCode: 0 });
}

/** What was deleted until the gateway was healthy. */
async function heal(url: string): Promise<readonly Deletion[]> {
  const deleted: Deletion[] = [];
  for (let round = 0; round < 5; round += 1) {
    const { exitCode, findings } = await doctor(url);
    if (exitCode === 0) return deleted;
    // What a round has deleted by hand, the next one may still see.
    for (const deletion of findings.flatMap(({ remedy }) => remedy.delete ?? [])) {
      await carryOut(deletion);
      deleted.push(deletion);
    }
  }
  throw new Error("it is not healed");
}

/** What a pusher may write over from its group's second push on. */
const forged = (labels: string) =>
  `# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds${labels} 5\n`;

const metricsStatus = async (url: string) => (await send(url, { path: "/metrics" })).status;

describe.each(installedGateways)("doctor on a real gateway $name", (gateway) => {
  async function start(options: PushgatewayOptions = {}) {
    const started = await startPushgateway({ gateway, ...options });
    onTestFinished(() => started.stop());
    return started.url;
  }

  const notUtf8: PushLabels = { job: "d", x: Buffer.from([0x61, 0xff, 0x22, 0xe2, 0x82]) };
  const poisons: readonly (readonly [string, string, (url: string) => Promise<unknown>])[] = [
    [
      "a push with an empty instance beside the group without",
      "duplicate_series",
      (url) => push(url, { job: "ok", instance: "" }, "a 1\n"),
    ],
    ["a label value that is not UTF-8", "invalid_series", (url) => push(url, notUtf8, "a 1\n")],
    [
      "a value that is not UTF-8, with an empty instance",
      "invalid_series",
      (url) => push(url, { ...notUtf8, instance: "" }, "a 1\n"),
    ],
  ];

  test("says that a gateway has no API, and examines the rest", async () => {
    const real = await start();
    const { url } = await startProxy(real, ({ path }, ask) =>
      path.startsWith("/api/")
        ? Promise.resolve({ status: 404, headers: {}, body: Buffer.from("404 page not found\n") })
        : ask(),
    );
    expect(await doctor(url)).toMatchObject({
      exitCode: 1,
      condition: "unknown",
      pushes: { state: "accepted" },
    });
    const { stdout } = await cli(["doctor", `--gateway=${url}`]);
    expect(stdout).toMatch(/\/metrics +200\n.*\/api\/v1\/metrics +GET .*there is no \/api\/v1 here/);
  });

  test("finds /metrics where --web.telemetry-path says", async () => {
    const url = await start({ flags: ["--web.telemetry-path=/telemetry"] });
    expect(await doctor(url)).toMatchObject({ exitCode: 0, condition: "healthy" });
  });

  test.each(poisons)("names %s, and the command that deletes it", async (_, reason, poison) => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    await push(url, { job: "ok", instance: "b" }, "a 1\n");
    const before = await groupsOn(url);
    await poison(url);
    expect(await metricsStatus(url)).toBe(500);

    const found = await doctor(url);
    expect(found).toMatchObject({ exitCode: 22, condition: "inconsistent", pushes: { state: "refused" } });
    expect(found.findings).toMatchObject([{ reason, remedy: { kind: "certain", delete: [{ series: 2, never_pushed: true }] } }]); // prettier-ignore
    expect(found.undeletable).toEqual([]);
    expect(await metricsStatus(url)).toBe(500);

    const [first] = await heal(url);
    // The labels of other groups lack the bytes that name them.
    expect(first?.delete_command === null).toBe(reason === "invalid_series");
    expect(await groupsOn(url)).toEqual(before);
    expect((await push(url, { job: "ok" }, "a 2\n")).status).toBe(200);
  });

  test.each(poisons)("prints the command that heals %s", async (_, __, poison) => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    await poison(url);
    const [finding] = (await doctor(url)).findings;
    const [command] = finding?.remedy.delete?.[0]?.commands ?? [];
    await sh(`${command} --silent --fail`);
    expect(await metricsStatus(url)).toBe(200);
    expect(await groupsOn(url)).toEqual(['{"job":"ok"}']);
  });

  /** The arguments of the first `delete` that the text names. */
  async function namedDeletion(url: string): Promise<readonly string[]> {
    const { stdout } = await cli(["doctor", `--gateway=${url}`]);
    const [, words = ""] = /pushgateway-janitor (delete .*)/.exec(stdout) ?? [];
    const split = await promisify(execFile)("sh", ["-c", `printf '%s\\n' ${words}`]);
    return split.stdout.trim().split("\n");
  }

  test.each<[string, PushLabels, (url: string, labels: PushLabels) => Promise<unknown>]>([
    ["conflicts with another", { job: "ok", instance: "" }, (url, labels) => push(url, labels, "a 1\n")],
    ["breaks the API", { job: "evil" }, (url, labels) => emptyFamilyPush(url, labels)],
    [
      "breaks the API, with an instance",
      { job: "evil", instance: "a'b" },
      (url, labels) => emptyFamilyPush(url, labels),
    ],
  ])("names the delete --exact that deletes the group that %s", async (_, labels, poison) => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    await poison(url, labels);
    const deletion = await namedDeletion(url);
    expect(deletion.slice(0, 2)).toEqual(["delete", "--exact"]);
    expect(await cli([...deletion, "--yes"])).toMatchObject({ exitCode: 0 });
    expect(await doctor(url)).toMatchObject({ exitCode: 0, condition: "healthy" });
    expect(await groupsOn(url)).toEqual(['{"job":"ok"}']);
  });

  test("heals a gateway that several groups poison at once", async () => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    await push(url, { job: "ok", instance: "" }, "a 1\n");
    await push(url, notUtf8, "a 1\n");
    await push(url, { job: "ok\xFF", y: Buffer.from([0xfe]) }, "a 1\n");
    await heal(url);
    expect(await groupsOn(url)).toEqual(['{"job":"ok"}']);
  });

  test("says which command deletes the group that breaks the API, and that its metrics are lost", async () => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    await emptyFamilyPush(url, { job: "evil" });

    const found = await doctor(url);
    expect(found).toMatchObject({
      exitCode: 22,
      api: { state: "broken" },
      pushes: { state: "accepted" },
      findings: [
        { reason: "empty_family", remedy: { kind: "certain", delete: [{ labels: { job: "evil" } }] } },
      ],
    });
    expect((await cli(["doctor", `--gateway=${url}`])).stdout).toMatch(
      /would be lost[^]*heal: +pushgateway-janitor delete --exact '\{job="evil"\}' --gateway=\S+ --source=exposition\n/,
    );
    await heal(url);
    expect(await groupsOn(url)).toEqual(['{"job":"ok"}']);
  });

  test.each<PushLabels>([
    { job: "evil", instance: "" },
    { job: "evil", instance: "a/b" },
  ])("finds the group that breaks the API in every spelling", async (labels) => {
    const url = await start();
    await push(url, { job: "evil", x: "1" }, "a 1\n");
    await emptyFamilyPush(url, labels);
    await heal(url);
    expect(await groupsOn(url)).toEqual(['{"job":"evil","x":"1"}']);
  });

  test("deletes several that break the API one after the other, and spares a group that only resembles them", async () => {
    const url = await start();
    await push(url, { job: "forger" }, "a 1\n");
    await push(url, { job: "forger" }, forged('{own="x"}'), { method: "POST" });
    await emptyFamilyPush(url, { job: "evil" });
    await emptyFamilyPush(url, { job: "evil", instance: "b" });
    expect(await heal(url)).toHaveLength(2);
    expect(await groupsOn(url)).toEqual(['{"job":"forger"}']);
  });

  test.each([
    ["another type", 'push_failure_time_seconds{own="x"} 5\n'],
    ["the labels of another group", forged('{instance="b"}')],
  ])(
    "blames the group that forged a failure time with %s, not the groups that are refused because of it",
    async (_, body) => {
      const url = await start();
      await push(url, { job: "a" }, "a 1\n");
      expect((await push(url, { job: "a" }, body, { method: "POST" })).status).toBe(200);
      await push(url, { job: "a", instance: "b" }, "a 1\n");
      expect(await metricsStatus(url)).toBe(500);
      expect(await doctor(url)).toMatchObject({
        exitCode: 22,
        findings: [
          { reason: "gateway_family", remedy: { kind: "certain", delete: [{ labels: { job: "a" } }] } },
        ],
      });
      await heal(url);
      expect(await groupsOn(url)).toEqual(['{"instance":"b","job":"a"}']);
      expect((await push(url, { job: "a", instance: "b" }, "a 1\n")).status).toBe(200);
    },
  );

  test("offers the deletion of either of two groups with metrics", async () => {
    const url = await start({ flags: ["--push.disable-consistency-check"] });
    await push(url, { job: "a" }, "# TYPE t counter\nt 1\n");
    await push(url, { job: "b" }, "# TYPE t gauge\nt 1\n");

    const found = await doctor(url);
    expect(found).toMatchObject({ exitCode: 22, pushes: { state: "unchecked" } });
    expect(found.findings).toMatchObject([{ reason: "type_conflict", remedy: { kind: "choice" } }]);
    // Of equals the newest goes first.
    expect(found.findings[0]?.remedy.options?.map((option) => option.delete[0]?.labels)).toEqual([
      { job: "b" },
      { job: "a" },
    ]);

    await carryOut(found.findings[0]!.remedy.options![1]!.delete[0]!);
    expect(await doctor(url)).toMatchObject({ exitCode: 0 });
    expect(await groupsOn(url)).toEqual(['{"job":"b"}']);
  });

  test("names the group that uses the name of one of the gateway's own metrics", async () => {
    const url = await start();
    const body =
      "# HELP pushgateway_http_requests_total mine\n# TYPE pushgateway_http_requests_total counter\n";
    await push(url, { job: "thief" }, `${body}pushgateway_http_requests_total 1\n`);
    await push(url, { job: "ok" }, "a 1\n");
    expect(await doctor(url)).toMatchObject({
      exitCode: 22,
      findings: [
        { reason: "gateway_family", remedy: { kind: "certain", delete: [{ labels: { job: "thief" } }] } },
      ],
    });
    await heal(url);
    expect((await push(url, { job: "ok" }, "a 1\n")).status).toBe(200);
  });

  test("prints a command with the flags that the deletion needs, which archives the group", async () => {
    const url = await start({ flags: ["--push.disable-consistency-check"] });
    await push(url, { job: "dup" }, "z 1\nz 2\n");
    const folder = mkdtempSync(join(tmpdir(), "doctor-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "janitor.yml");
    writeFileSync(
      file,
      `pushgateways:\n  - {name: a, url: "${url}"}\narchive: {dir: ./archive}\ndry_run: true\nlimits: {max_deletes: 0, max_delete_ratio: 0}\nrules:\n  - {name: all, matchers: [], ttl: 1d}\n`,
    );
    const { stdout } = await cli(["doctor", `--config.file=${file}`, "--output=json"]);
    await carryOut((JSON.parse(stdout) as Report).gateways[0]!.findings[0]!.remedy.delete![0]!);
    expect(await cli(["doctor", `--config.file=${file}`])).toMatchObject({ exitCode: 0 });
    const list = await cli(["archive", "list", join(folder, "archive"), "--output=json"]);
    expect(list.stdout).toMatch(/"job": ?"dup"/);
    expect(list.stdout).toMatch(/"reason": ?"requested"/);
    expect(list.stdout).toMatch(/"gone"/);
  });

  test("finds a healthy gateway healthy, and changes nothing", async () => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    const before = await send(url, { path: "/api/v1/metrics" });
    expect(await doctor(url)).toMatchObject({
      exitCode: 0,
      condition: "healthy",
      version: gateway.version,
      findings: [],
      pushes: { state: "accepted", probe: null, expired_groups: null },
    });
    expect((await send(url, { path: "/api/v1/metrics" })).body).toBe(before.body);
  });

  test("measures a push, and removes its traces", async () => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    const { pushes, exitCode } = await doctor(url, "--probe");
    expect(exitCode).toBe(0);
    expect(pushes).toMatchObject({ probe: { accepted: true, message: null } });
    // A DELETE is only queued when it is answered.
    await expect.poll(() => groupsOn(url)).toEqual(['{"job":"ok"}']);
  });

  test("removes the traces of a refused push, too", async () => {
    const url = await start();
    await push(url, { job: "ok" }, "a 1\n");
    await push(url, { job: "ok", instance: "" }, "a 1\n");
    const { pushes } = await doctor(url, "--probe");
    expect(pushes).toMatchObject({ state: "refused", probe: { accepted: false } });
    await expect.poll(() => groupsOn(url)).toEqual(['{"instance":"","job":"ok"}', '{"job":"ok"}']);
  });

  test("counts the groups that have expired, and estimates no push", async () => {
    const url = await start({
      groups: [
        { labels: { job: "old", instance: "a" }, pushTime: 1_000_000_000 },
        { labels: { job: "old", instance: "b" }, pushTime: 1_000_000_000 },
        { labels: { job: "new" }, pushTime: Date.now() / 1000 },
      ],
    });
    const { pushes } = await doctor(url, "--ttl=1d");
    expect(pushes).toEqual({ state: "accepted", last_push_refused: 0, probe: null, expired_groups: 2 });
    const text = (await cli(["doctor", `--gateway=${url}`, "--ttl=1d", "--probe"])).stdout;
    expect(text).toMatch(/a probe was accepted after [\d.]+ m?s\n/);
    expect(text).toContain("2 of 3 groups expired, which slows down every push");
  });

  test("says which groups cannot be deleted, and why", async () => {
    const url = await start({
      groups: [
        { labels: { job: "ok" }, pushTime: 1_000_000_000 },
        { labels: { instance: "no job" }, pushTime: 1_000_000_000 },
        { labels: { job: "mark", x: "\uFFFD" }, pushTime: 1_000_000_000 },
      ],
    });
    await push(url, { job: "hidden" }, 'labels{a="b"} 1\n');
    const { undeletable, exitCode } = await doctor(url);
    expect(exitCode).toBe(0);
    expect(undeletable.map(({ reason }) => reason).toSorted()).toEqual([
      "unaddressable",
      "unaddressable",
      "unreadable_labels",
    ]);
    // On a consistent gateway no bytes were lost: a person may delete it.
    const [command] = undeletable.flatMap(({ commands }) => commands);
    await sh(`${command} --silent --fail`);
    expect(await groupsOn(url)).toHaveLength(3);
  });

  test("says that a url without the route prefix is not a gateway", async () => {
    const url = await start({ routePrefix: "/push" });
    expect(await doctor(url)).toMatchObject({ exitCode: 0 });
    expect(await doctor(new URL(url).origin)).toMatchObject({
      exitCode: 1,
      condition: "unreachable",
      error: { code: "http_status" },
    });
  });

  test("says that a gateway is down", async () => {
    const started = await startPushgateway({ gateway });
    await started.stop();
    expect(await doctor(started.url, "--probe")).toMatchObject({
      exitCode: 1,
      condition: "unreachable",
      error: { code: "unreachable" },
    });
  });
});

describe("doctor", () => {
  async function serve(answers: Readonly<Record<string, readonly [status: number, body: string]>>) {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(`${request.method} ${pathOf(request)}`);
      const [status, body] = answers[pathOf(request)] ?? [200, "<html>Please log in</html>"];
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
  }

  const status =
    '{"status":"success","data":{"start_time":"2026-01-01T00:00:00Z","flags":{},"build_information":{}}}';

  test("does not take a web page for a gateway", async () => {
    const { url } = await serve({});
    expect(await doctor(url)).toMatchObject({
      exitCode: 1,
      condition: "unreachable",
      error: { code: "not_json" },
    });
  });

  test.each([
    ["a 500 that is not about metrics", [500, "upstream is down"]],
    ["a /metrics that is elsewhere", [404, "404 page not found"]],
  ] as const)("does not take %s for an inconsistent gateway, and sends it no DELETE", async (_, metrics) => {
    const { url, requests } = await serve({
      "/api/v1/status": [200, status],
      "/metrics": metrics,
      "/api/v1/metrics": [200, '{"status":"success","data":[]}'],
    });
    expect(await doctor(url)).toMatchObject({ exitCode: 1, condition: "unknown" });
    expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
  });

  test("says that a gateway is inconsistent even if no group can be named", async () => {
    const { url, requests } = await serve({
      "/api/v1/status": [200, status],
      "/metrics": [500, "An error has occurred while serving metrics:\n\nthe moon is full\n"],
      "/api/v1/metrics": [200, '{"status":"success","data":[]}'],
    });
    expect(await doctor(url)).toMatchObject({
      exitCode: 22,
      findings: [{ reason: "unexplained", remedy: { kind: "none" } }],
    });
    expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
  });

  test("marks the headline on a terminal only, in colour unless NO_COLOR is set", async () => {
    const { url } = await serve({});
    const run = (options: Parameters<typeof cli>[1]) => cli(["doctor", `--gateway=${url}`], options);
    const piped = (await run({})).stdout;
    expect(["✗", "\u001B"].filter((mark) => piped.includes(mark))).toEqual([]);
    expect((await run({ columns: 100 })).stdout).toContain("\u001B[31m✗");
    expect((await run({ columns: 100, env: { NO_COLOR: "1" } })).stdout).toMatch(/^✗ /);
  });
});
