import { describe, expect, it, onTestFinished } from "vitest";

import { startEmbeddedGateway } from "../support/embedded-gateway/embedded-gateway.ts";
import { cli } from "../support/cli.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";
import { startProgram } from "../support/program.ts";
import { getJson, getText, push } from "../support/push.ts";
import { loggedFields, writeConfig } from "../support/service.ts";
import type { SeedGroup } from "../support/state-file.ts";

const hour = 3600;

/** Values that naive cleaners turn into the path of another group, or into none. */
const hostileValues = [
  "..",
  ".",
  "...",
  "../../job/living",
  "%2e%2e",
  "a/../b",
  "//",
  "/",
  "a b",
  "a?b",
  "a#b",
  "a%2Fb",
  "=",
  "",
  "ж€😀",
  "a\nb",
  "\u202Eabc",
  '"quoted\\"',
  "x".repeat(7000),
  "constructor",
  "__proto__",
];

/** Per value a living and an expired group, beside the groups that a folded path would hit. */
function mixedGroups(now: number): { groups: SeedGroup[]; expired: Set<string>; living: Set<string> } {
  const expired = new Map<string, SeedGroup>();
  const living = new Map<string, SeedGroup>();
  const add = (labels: Record<string, string>, ageSeconds: number): void => {
    const target = ageSeconds > hour ? expired : living;
    const metrics = [
      {
        name: "app_total",
        type: "counter" as const,
        help: "h",
        samples: [{ value: 1 }, { labels: { k: "v" }, value: 2 }],
      },
    ];
    target.set(keyOf(labels), { labels, pushTime: now - ageSeconds, metrics });
  };
  add({ job: "living" }, 10);
  for (const [index, value] of hostileValues.entries()) {
    add({ job: "living", x: value, n: String(index) }, 60 + index);
    add({ job: "expired", x: value, n: String(index) }, 2 * hour + index);
    if (value !== "") add({ job: value, n: String(index) }, index % 2 === 0 ? 90 : 3 * hour);
  }
  for (let index = 0; index < 150; index += 1) {
    add({ job: "batch", instance: `host-${index}` }, index % 3 === 0 ? 4 * hour + index : 30 + index);
  }
  for (const name of ["constructor", "hasOwnProperty", "toString"]) {
    add({ job: "living", [name]: "a" }, 70);
    add({ job: "expired", [name]: "a" }, 2 * hour);
  }
  return {
    groups: [...expired.values(), ...living.values()],
    expired: new Set(expired.keys()),
    living: new Set(living.keys()),
  };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface JsonReport {
  gateways: {
    status: string;
    error?: { code: string; message: string };
    totals: Record<string, number>;
    groups: { labels: Record<string, string>; verdict: string; reason: string; outcome?: string }[];
  }[];
}

async function keysOn(url: string): Promise<Set<string>> {
  const { data } = (await getJson(url, "/api/v1/metrics")) as { data: { labels: Record<string, string> }[] };
  return new Set(data.map(({ labels }) => keyOf(labels)));
}

const targets = [
  ...installedGateways.map((gateway) => ({
    name: `Pushgateway ${gateway.name}`,
    start: (groups: readonly SeedGroup[]) => startPushgateway({ gateway, groups }),
  })),
  {
    name: "embedded gateway",
    start: async (groups: readonly SeedGroup[]) => {
      const gateway = await startEmbeddedGateway({ groups });
      return { url: gateway.url, stop: () => gateway.close() };
    },
  },
];

describe.each(targets)(
  "one sweep of a $name with hundreds of groups of mixed ages and hostile names",
  ({ start }) => {
    it("deletes exactly the expired ones, and report said so before and deleted nothing", async () => {
      const { groups, expired, living } = mixedGroups(Date.now() / 1000);
      const gateway = await start(groups);
      onTestFinished(() => gateway.stop());
      // The freshest group is ten seconds old, so the restart's gap is that, too; ages are far from the TTL.
      const flags = [
        `--gateway=${gateway.url}`,
        "--ttl=1h",
        "--output=json",
        "--limits.deletes-per-second=2000",
      ];

      const reported = await cli(["report", ...flags]);
      expect(reported).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await keysOn(gateway.url)).toEqual(new Set([...expired, ...living]));
      const before = (JSON.parse(reported.stdout) as JsonReport).gateways[0]!;
      const planned = before.groups
        .filter(({ verdict }) => verdict === "delete")
        .map(({ labels }) => keyOf(labels));
      expect(new Set(planned)).toEqual(expired);

      const swept = await cli(["once", ...flags, "--log.level=error"]);
      expect(swept).toMatchObject({ exitCode: 0, stderr: "" });
      const after = (JSON.parse(swept.stdout) as JsonReport).gateways[0]!;
      expect(after.status).toBe("ok");
      expect(after.groups.map(({ labels, verdict }) => [keyOf(labels), verdict])).toEqual(
        before.groups.map(({ labels, verdict }) => [keyOf(labels), verdict]),
      );
      expect(new Set(after.groups.map(({ outcome }) => outcome))).toEqual(new Set(["gone", undefined]));
      expect(await keysOn(gateway.url)).toEqual(living);

      expect(await cli(["report", ...flags, "--detailed-exitcode"])).toMatchObject({ exitCode: 0 });
    });
  },
);

describe.each(installedGateways.map((gateway) => ({ gateway, name: gateway.name })))(
  "undeletable groups of a Pushgateway $name",
  ({ gateway: installed }) => {
    it("are kept with their reason, and do not stop the others", async () => {
      const gateway = await startPushgateway({
        gateway: installed,
        groups: [
          { labels: { job: "old", __reserved: "x" }, pushTime: 1000 },
          { labels: { instance: "no-job" }, pushTime: 1000 },
          { labels: { job: "old", plain: "x" }, pushTime: 1000 },
          { labels: { job: "fresh" }, pushTime: Date.now() / 1000 },
        ],
        flags: ["--push.disable-consistency-check"],
      });
      onTestFinished(() => gateway.stop());
      await push(gateway.url, { job: "hides-its-labels" }, "labels 1\n");

      const swept = await cli([
        "once",
        `--gateway=${gateway.url}`,
        "--ttl=1h",
        "--output=json",
        "--log.level=error",
      ]);
      expect(swept.exitCode).toBe(0);
      const [report] = (JSON.parse(swept.stdout) as JsonReport).gateways;
      const reasons = report!.groups
        .map(({ labels, reason }) => `${JSON.stringify(labels)} ${reason}`)
        .toSorted();
      expect(reasons).toEqual(
        [
          '{"job":"old","plain":"x"} ttl_expired',
          '{"job":"old","__reserved":"x"} unaddressable',
          '{"instance":"no-job"} unaddressable',
          '{"job":"fresh"} within_ttl',
          "{} unreadable_labels",
        ].toSorted(),
      );
    });

    it("with a value that is not UTF-8 are kept, and the twin it looks like is, too", async () => {
      const gateway = await startPushgateway({
        gateway: installed,
        flags: ["--push.disable-consistency-check"],
      });
      onTestFinished(() => gateway.stop());
      await push(gateway.url, { job: "a", x: Buffer.from([0x61, 0xff]) }, "m 1\n");
      await push(gateway.url, { job: "a", x: "a\uFFFD" }, "m 1\n");
      // Everything older than a millisecond has expired.
      const swept = await cli([
        "once",
        `--gateway=${gateway.url}`,
        "--ttl=1ms",
        "--output=json",
        "--log.level=error",
      ]);
      const [report] = (JSON.parse(swept.stdout) as JsonReport).gateways;
      expect(report!.totals).toEqual({ delete: 0, keep: 2, withhold: 0, expired: 0, deleted: 0 });
      expect((await keysOn(gateway.url)).size).toBe(1);
    });
  },
);

describe("a gateway behind a route prefix", () => {
  it("is swept below it", async () => {
    const gateway = await startPushgateway({
      routePrefix: "/push/gw",
      groups: [{ labels: { job: "old" }, pushTime: 1000 }],
    });
    onTestFinished(() => gateway.stop());
    const flags = ["--ttl=1h", "--log.level=error"];
    expect(await cli(["once", `--gateway=${gateway.url}/`, ...flags])).toMatchObject({ exitCode: 0 });
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="old"');

    const wrong = await cli(["once", `--gateway=${gateway.url}/wrong`, ...flags]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain(`GET ${gateway.url}/wrong/api/v1/status: HTTP 404`);
    expect(wrong.stderr).toContain("does the url end in the server's route prefix");
  });
});

describe("a limit", () => {
  const names = ["one", "the 2nd's"];
  const groups = (expired: number, living: number): SeedGroup[] =>
    Array.from({ length: expired + living }, (_, index) => ({
      labels: { job: `job-${index}` },
      pushTime: index < expired ? 1000 + index : Date.now() / 1000,
    }));

  /** Two gateways of which a ratio withholds 22 groups, and a count, too. */
  async function startTwo(): Promise<{ file: string; keysLeft: () => Promise<readonly number[]> }> {
    const gateways: { name: string; url: string }[] = [];
    for (const name of names) {
      const { url, stop } = await startPushgateway({ groups: groups(22, 8) });
      onTestFinished(stop);
      gateways.push({ name, url });
    }
    const file = writeConfig(
      `pushgateways: ${JSON.stringify(gateways)}\nlimits: { max_deletes: 20 }\n` +
        "rules: [{ name: all, matchers: [], ttl: 1h }]\n",
    );
    return { file, keysLeft: () => Promise.all(gateways.map(async ({ url }) => (await keysOn(url)).size)) };
  }

  it("withholds everything, and says with which numbers and by which command it passes, for this gateway only", async () => {
    const { file, keysLeft } = await startTwo();
    const withheld = await cli(["once", `--config.file=${file}`, "--log.level=error"]);
    expect(withheld.exitCode).toBe(20);
    expect(withheld.stdout).toContain("withheld  max_delete_ratio");
    const [, second = ""] = loggedFields(withheld.stderr, "Sweep incomplete", "err").map(
      (text) => JSON.parse(text) as string,
    );
    const command = `pushgateway-janitor once --config.file=${file} --only='the 2nd'\\''s' --limits.max-delete-ratio=0.74 --limits.max-deletes=22`;
    expect(second).toBe(
      "22 of 30 groups have expired (73.3 %), more than limits.max_delete_ratio = 0.5 allows; nothing was deleted. " +
        `Review them with \`report --verdict=withhold\`. If they may go, this lets them pass once: ${command}`,
    );
    expect(await keysLeft()).toEqual([30, 30]);
    const pasted = startProgram([], {
      under: (program) => [
        "sh",
        "-c",
        `pushgateway-janitor() { ${program} "$@"; }; ${command}`.replaceAll("pushgateway-janitor", "janitor"),
      ],
    });
    expect(await pasted.ended).toMatchObject({ exitCode: 0 });
    expect(await keysLeft()).toEqual([30, 8]);
  });

  it("is a result for a report, and names the flags that it was given", async () => {
    const { url, stop } = await startPushgateway({ groups: groups(30, 0) });
    onTestFinished(stop);
    const flags = [`--gateway=${url}`, "--ttl=1h", "--limits.max-outage=1h"];
    const report = await cli(["report", ...flags]);
    expect(report).toMatchObject({ exitCode: 0, stderr: "" });
    expect(report.stdout).toContain(
      `\n  pushgateway-janitor once --gateway=${url} --ttl=1h --limits.max-outage=1h --limits.max-delete-ratio=1\n`,
    );
    expect(await cli(["report", ...flags, "--detailed-exitcode"])).toMatchObject({ exitCode: 24 });
    const passing = [...flags, "--limits.max-delete-ratio=1", "--log.level=error"];
    expect(await cli(["once", ...passing, "--dry-run"])).toMatchObject({ exitCode: 0 });
    expect((await keysOn(url)).size).toBe(30);
    expect(await cli(["once", ...passing])).toMatchObject({ exitCode: 0 });
    expect((await keysOn(url)).size).toBe(0);
  });

  it("on the speed announces the shortest duration beforehand, if that is long", async () => {
    const { url, stop } = await startPushgateway({ groups: groups(30, 0) });
    onTestFinished(stop);
    const flags = [`--gateway=${url}`, "--ttl=1h", "--limits.max-delete-ratio=1"];
    const slow = await cli(["report", ...flags, "--limits.deletes-per-second=0.4"]);
    expect(slow.stdout).toContain("note: 30 deletions at 0.4/s take at least 1m15s\n");
    expect((await cli(["report", ...flags, "--limits.deletes-per-second=0.5"])).stdout).not.toContain(
      "at least",
    );
    const running = startProgram(["once", ...flags, "--limits.deletes-per-second=0.4", "--log.format=json"]);
    const [first = ""] = await running.shows(/.*will take long.*/);
    running.process.kill("SIGTERM");
    expect(JSON.parse(first)).toMatchObject({
      msg: "Deletions will take long",
      deletions: 30,
      deletes_per_second: 0.4,
      at_least_seconds: 75,
    });
  });
});
