import { describe, expect, it } from "vitest";
import { addSourceFlags, addSweepFlags, Command } from "../../src/cli/flags.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { ConfigError, type Config } from "../../src/config/config.ts";
import { ParseError } from "../../src/core/errors.ts";
import { parseConfig } from "../../src/config/load.ts";
import { defaultLimits, type Limits } from "../../src/core/limits.ts";

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
    if (!(error instanceof ConfigError || error instanceof ParseError)) throw error;
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
  const limits: readonly [key: string, keyof Limits, readonly string[]][] = [
    ["max_delete_ratio", "maxDeleteRatio", numbers],
    ["ratio_min_groups", "ratioMinGroups", numbers],
    ["max_deletes", "maxDeletes", numbers],
    ["deletes_per_second", "deletesPerSecond", numbers],
    ["max_outage", "maxOutageSeconds", durations],
    ["max_evidence_age", "maxEvidenceAgeSeconds", durations],
  ];
  const cases = limits.flatMap(([key, limit, texts]) => texts.map((text) => [key, text, limit] as const));
  const ofOneGateway = ["--gateway=http://g", "--ttl=1d"];

  it.each(cases)("%s: %s means the same in both", async (key, text, limit) => {
    const rules = "rules: [{ name: all, matchers: [], ttl: 1d }]";
    const yaml = (value: string): string => `limits: { ${key}: ${value} }\n${rules}`;
    const isDuration = durations === limits.find(([name]) => name === key)?.[2];
    const file = inFile(yaml(isDuration ? JSON.stringify(text) : text), (config) => config.limits[limit]);
    const given = await asFlag(async () => {
      const flag = `--limits.${key.replaceAll("_", "-")}=${text}`;
      const flags = addSweepFlags(new Command(), {})
        .parse([...ofOneGateway, flag], { from: "user" })
        .opts();
      return (await loadSettings(flags)).config.limits[limit];
    });
    expect(withoutGot(given)).toEqual(withoutGot(file));
  });

  it.each(durations)("a TTL of %s means the same in both", async (text) => {
    const file = inFile(
      `rules: [{ name: all, matchers: [], ttl: ${JSON.stringify(text)} }]`,
      ({ rules: [rule] }) => (rule?.action === "keep" ? null : rule?.ttlSeconds),
    );
    const given = await asFlag(async () => {
      const argv = ["--gateway=http://g", `--ttl=${text}`];
      const flags = addSourceFlags(new Command()).parse(argv, { from: "user" }).opts();
      const [rule] = (await loadSettings(flags)).config.rules;
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
});
