import { spawnSync } from "node:child_process";

import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";

import { cli } from "../support/cli.ts";
import { getJson, send } from "../support/http.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { writeConfig } from "../support/service.ts";
import { blocksOf, readPage } from "./pages.ts";

type Labels = Readonly<Record<string, string>>;

/** Longer than every TTL of the page: all but `fresh` have expired. */
const expiredSeconds = 25 * 3600;

/** What all cleaners delete and keep. */
const plain = [
  { labels: { job: "old", instance: "a" }, age: expiredSeconds },
  { labels: { job: "old", instance: "b" }, age: expiredSeconds },
  { labels: { job: "fresh", instance: "a" }, age: 10 },
];
const special = [
  { labels: { job: "alone" }, age: expiredSeconds },
  { labels: { job: "many", instance: "a" }, age: 10 },
  { labels: { job: "many", instance: "a", env: "test" }, age: expiredSeconds },
  { labels: { job: "slash", instance: "a/b" }, age: expiredSeconds },
];
const groups = [...plain, ...special];

type Cleaner = (url: string) => Promise<void>;

/**
 * Sends what a cleaner sends, by its code. The programs themselves were run against a real gateway with groups like these,
 * and left the same: abatilo 6ed548d, konnoska 83bc41d, pushgateway-upsetter a2d441f.
 */
function cleaner(pathOf: (labels: Labels) => string | null): Cleaner {
  return async (url) => {
    const { data } = await getJson<Answer>(url, "/api/v1/metrics");
    for (const { labels, push_time_seconds } of data) {
      const ageSeconds = Date.now() / 1000 - Number(push_time_seconds.metrics[0]?.value);
      const path = ageSeconds > expiredSeconds - 60 ? pathOf(labels) : null;
      if (path !== null) await send(url, { method: "DELETE", path: `/metrics/${path}` });
    }
  };
}

interface Answer {
  readonly data: readonly {
    readonly labels: Labels;
    readonly push_time_seconds: { readonly metrics: readonly { readonly value: string }[] };
  }[];
}

const base64 = (text: string): string => Buffer.from(text).toString("base64url");
const abatilo = cleaner(({ job, instance = "" }) => `job/${job}/instance/${instance}`);
const upsetter = cleaner(({ job, instance, ...others }) =>
  instance === undefined || Object.keys(others).length > 0 ? null : `job/${job}/instance/${instance}`,
);
const konnoska = cleaner(({ job, ...others }) =>
  ["job", job, ...Object.entries(others).flatMap(([name, value]) => [`${name}@base64`, base64(value)])].join(
    "/",
  ),
);

const page = readPage("docs/migration.md");
const oneLiner = blocksOf("docs/migration.md", "sh").find((text) => text.includes("jq ")) ?? "";
// oxlint-disable-next-line typescript/require-await
const runOneLiner: Cleaner = async (url) => {
  const command = oneLiner.replaceAll("http://localhost:9091", url);
  expect(spawnSync("sh", ["-ec", command], { encoding: "utf8" })).toMatchObject({ status: 0 });
};
const mayLackJq = !process.env["CI"] && spawnSync("jq", ["--version"]).status !== 0;

/** The rule in the page's row of a cleaner. */
function ruleOf(name: string): unknown {
  const rows = page.slice(page.indexOf(`| ${name}`));
  return parse(/rule `(\{.*\})`/.exec(rows)?.[1] ?? "");
}

async function gatewayWith(groups: readonly { readonly labels: Labels; readonly age: number }[]) {
  const now = Date.now() / 1000;
  const metrics = [{ name: "app_up", type: "gauge" as const, samples: [{ value: 1 }] }];
  const gateway = await startPushgateway({
    groups: groups.map(({ labels, age }) => ({ labels, pushTime: now - age, metrics })),
  });
  onTestFinished(() => gateway.stop());
  return gateway.url;
}

async function namesIn(url: string): Promise<readonly string[]> {
  const { data } = await getJson<Answer>(url, "/api/v1/metrics");
  return data
    .map(({ labels: { job, instance, env } }) => [job, instance, env].filter(Boolean).join(" "))
    .toSorted();
}

/** What is left by a cleaner, and what by the rules of the page. */
async function sideBySide(run: Cleaner, rules: unknown, held: typeof groups) {
  const [theirs, ours] = await Promise.all([gatewayWith(held), gatewayWith(held)]);
  const config = JSON.stringify({
    pushgateways: [{ name: "g", url: ours }],
    rules,
    limits: { max_delete_ratio: 1, max_outage: "0s" },
  });
  const sweep = cli(["once", `--config.file=${writeConfig(config)}`, "--output=none"]);
  await Promise.all([run(theirs), sweep]);
  expect(await sweep).toMatchObject({ exitCode: 0 });
  return { theirs: await namesIn(theirs), ours: await namesIn(ours) };
}

const rulesOfOneLiner = (parse(blocksOf("docs/migration.md", "yaml")[0] ?? "") as { readonly rules: unknown })
  .rules;

describe.each([
  {
    name: "the one-liner",
    run: runOneLiner,
    rules: rulesOfOneLiner,
    onlyTheyLeave: ["alone", "many a test", "slash a/b"],
    onlyTheRulesLeave: ["many a"],
  },
  {
    name: "abatilo/pushgateway-cleaner",
    run: abatilo,
    rules: [ruleOf("abatilo")],
    onlyTheyLeave: ["alone", "many a test", "slash a/b"],
    onlyTheRulesLeave: ["many a"],
  },
  {
    name: "pushgateway-upsetter",
    run: upsetter,
    rules: [ruleOf("alxndr42")],
    onlyTheyLeave: ["many a test", "slash a/b"],
    onlyTheRulesLeave: [],
  },
  {
    name: "konnoska/pushgateway-cleaner",
    run: konnoska,
    rules: [ruleOf("konnoska")],
    onlyTheyLeave: [],
    onlyTheRulesLeave: [],
  },
])("$name beside the rules that do the same", ({ name, run, rules, onlyTheyLeave, onlyTheRulesLeave }) => {
  const lacksIt = name === "the one-liner" && mayLackJq;

  it.skipIf(lacksIt)("deletes the same groups, of those with a job and an instance", async () => {
    const fresh = ["fresh a"];
    expect(await sideBySide(run, rules, plain)).toEqual({ theirs: fresh, ours: fresh });
  });

  it.skipIf(lacksIt)("differs where the page says so", async () => {
    const { theirs, ours } = await sideBySide(run, rules, groups);
    expect(theirs.filter((group) => !ours.includes(group))).toEqual(onlyTheyLeave);
    expect(ours.filter((group) => !theirs.includes(group))).toEqual(onlyTheRulesLeave);
  });
});
