import { describe, expect, it } from "vitest";

import type { SweepFlags } from "../../src/cli/flags.ts";
import { overrideLimits } from "../../src/cli/limit-flags.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { parseConfig } from "../../src/config/load.ts";
import { defaultLimits, type Limits } from "../../src/core/limits.ts";
import type { Config } from "../../src/config/config.ts";
import { readOutput } from "../support/output.ts";

/** What became of a value: what it means, or the problem without where it was found. */
type Meaning = { readonly value: unknown } | { readonly problem: string };

function inFile(yaml: string, read: (config: Config) => unknown): Meaning {
  const result = parseConfig(`pushgateways: [{ name: g, url: "http://g" }]\n${yaml}\n`, "janitor.yml");
  if (result.ok) return { value: read(result.config) };
  return { problem: result.problems[0]?.message ?? "" };
}

async function asFlag(parse: () => unknown): Promise<Meaning> {
  try {
    return { value: await parse() };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: error.message.replace(/^--[\w.-]+: /, "") };
  }
}

/** Flags quote what they got, the file says its kind. */
const withoutGot = (meaning: Meaning): Meaning =>
  "value" in meaning ? meaning : { problem: meaning.problem.replace(/, got .*/, "") };

const numbers = [
  "-1",
  "0",
  "0.001",
  "0.01",
  "0.5",
  ".5",
  "1",
  "1.5",
  "2",
  "1e3",
  "9007199254740992",
  "1e400",
  "x",
];
const durations = ["0", "0s", "1ms", "30d", "1.5h", "30", "-1s", "300y", "auto", "x"];

describe("a setting that a flag and the file can set", () => {
  const limits: readonly [keyof SweepFlags, string, keyof Limits, readonly string[]][] = [
    ["limits.maxDeleteRatio", "max_delete_ratio", "maxDeleteRatio", numbers],
    ["limits.ratioMinGroups", "ratio_min_groups", "ratioMinGroups", numbers],
    ["limits.maxDeletes", "max_deletes", "maxDeletes", numbers],
    ["limits.deletesPerSecond", "deletes_per_second", "deletesPerSecond", numbers],
    ["limits.maxOutage", "max_outage", "maxOutageSeconds", durations],
    ["limits.maxEvidenceAge", "max_evidence_age", "maxEvidenceAgeSeconds", durations],
  ];
  const cases = limits.flatMap(([flag, key, limit, texts]) =>
    texts.map((text) => [key, text, flag, limit] as const),
  );

  it.each(cases)("%s: %s means the same in both", async (key, text, flag, limit) => {
    const rules = "rules: [{ name: all, matchers: [], ttl: 1d }]";
    const yaml = (value: string): string => `limits: { ${key}: ${value} }\n${rules}`;
    const isDuration = durations === limits.find(([, name]) => name === key)?.[3];
    const file = inFile(yaml(isDuration ? JSON.stringify(text) : text), (config) => config.limits[limit]);
    const given = await asFlag(() => overrideLimits(defaultLimits, { [flag]: text })[limit]);
    expect(withoutGot(given)).toEqual(withoutGot(file));
  });

  it.each(durations)("a TTL of %s means the same in both", async (text) => {
    const file = inFile(
      `rules: [{ name: all, matchers: [], ttl: ${JSON.stringify(text)} }]`,
      ({ rules: [rule] }) => (rule?.action === "keep" ? null : rule?.ttlSeconds),
    );
    const given = await asFlag(async () => {
      const {
        rules: [rule],
      } = await loadSettings({ gateway: ["http://g"], ttl: text }, { stderr: readOutput(() => {}) });
      return rule?.action === "keep" ? null : rule?.ttlSeconds;
    });
    expect(given).toEqual(file);
  });

  it.each<[string, Meaning]>([
    ["max_deletes: 0", { value: { ...defaultLimits, maxDeletes: 0 } }],
    ["ratio_min_groups: 0", { value: { ...defaultLimits, ratioMinGroups: 0 } }],
    ["deletes_per_second: 0.5", { value: { ...defaultLimits, deletesPerSecond: 0.5 } }],
    ["deletes_per_second: 0", { problem: "expected a number of at least 0.01, got the number 0" }],
  ])("may be %s, as far as it makes sense", (limit, meaning) => {
    const yaml = `limits: { ${limit} }\nrules: [{ name: all, matchers: [], ttl: 1d }]`;
    expect(inFile(yaml, (config) => config.limits)).toEqual(meaning);
  });

  it("warns of the URL of an endpoint, also in a flag", async () => {
    let written = "";
    const stderr = readOutput((text) => void (written += text));
    await loadSettings({ gateway: ["http://g/metrics"], ttl: "1d" }, { stderr });
    expect(written).toContain("ends in /metrics, which the janitor adds itself");
  });
});
