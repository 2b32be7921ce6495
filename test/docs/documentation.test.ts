import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { commandLineOf, examples } from "../../src/cli/examples.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { parseConfig } from "../../src/config/load.ts";
import { keepReasons, withholdReasons } from "../../src/core/verdict.ts";
import { routes } from "../../src/service/web/routes.ts";
import { cli } from "../support/cli.ts";
import { declaredFamilies } from "../support/families.ts";
import { checkQueries, mayLackPromtool } from "../support/promtool.ts";
import { testFolder, writeConfig } from "../support/service.ts";
import { listCommands } from "./commands.ts";
import { environment } from "./environment.ts";
import { listKeys } from "./keys.ts";
import { codeBlocks, codeSpans, commandLines, pages, readPage, tableOf } from "./pages.ts";

const root = new URL("../../", import.meta.url).pathname;
const readme = readPage("README.md");
const commandsPage = readPage("docs/commands.md");
const reference = readPage("docs/reference.md");
const commands = listCommands();
const keys = listKeys();
const allFlags = new Set([
  "--help",
  "--version",
  ...commands.flatMap(({ options }) => options.map(({ long }) => long)),
]);

/** Flags of other programs: those of the gateway, and of cleaners that people replace. */
const foreignFlags = new Set([
  "--basic-auth",
  "--collector.textfile.directory",
  "--expiration-in-minutes",
  "--interval-in-minutes",
  "--metric-url",
  "--metric.timetolive",
  "--metrics.ttl",
  "--prune_interval_seconds",
  "--prune_metric_name",
  "--prune_threshold_seconds",
  "--pushgateway_url",
  "--report-metrics",
  "--requests_timeout",
  "--success-metric",
  "--jitless",
  "--persistence.file",
  "--push.disable-consistency-check",
  "--push.enable-utf8-names",
  "--web.enable-admin-api",
  "--web.route-prefix",
  "--web.telemetry-path",
]);

const spans = (cell = ""): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);

describe("docs/commands.md", () => {
  it("lists every command, and no other", () => {
    const listed = tableOf(commandsPage, "command").flatMap(([cell]) => spans(cell));
    const named = listed.map(
      (usage) => commands.find(({ name }) => `${usage} `.startsWith(`${name} `))?.name ?? usage,
    );
    // All `check` share a row.
    const shared = ["check web-config", "check notifications"];
    expect(new Set([...named, ...shared])).toEqual(new Set(commands.map(({ name }) => name)));
    for (const name of shared) expect(commandsPage).toContain(`\`${name}\``);
  });

  it("lists every exit code, and no other", () => {
    const table = tableOf(commandsPage, "exit code");
    const listed = table.flatMap(([cell = ""]) => cell.split(",").map(Number));
    // Of signals, which src/main.ts names.
    expect(listed.toSorted((a, b) => a - b)).toEqual([...Object.values(exitCodes), 129, 130, 143]);
  });
});

describe("docs/service.md", () => {
  it("lists every HTTP endpoint, and no other", () => {
    const listed = tableOf(readPage("docs/service.md"), "path").flatMap(([cell]) => spans(cell));
    const served = Object.entries(routes).map(([path, { changes }]) => (changes ? `POST ${path}` : path));
    expect(new Set(listed)).toEqual(new Set(served));
  });
});

describe("the examples of --help", () => {
  it("run commands that exist, with flags that they have", () => {
    const lines = commandLines(examples.map(commandLineOf).join("\n"));
    expect(lines.length).toBeGreaterThanOrEqual(examples.length - 1);
    expect(lines.filter((line) => !isCommandLine(line))).toEqual([]);
  });

  it("show every command at work", () => {
    const shown = new Set(examples.map(([command]) => command));
    expect(commands.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe("the environment", () => {
  it("is described in full, and nothing else is", () => {
    const read = readSources().flatMap((text) =>
      [...text.matchAll(/\benv\["(\w+)"\]|\benv\.([A-Z]\w+)/g)].map(([, a, b]) => a ?? b),
    );
    // Read by the HTTP client, in both cases.
    const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
    expect(new Set(Object.keys(environment))).toEqual(
      new Set([...read.filter((name) => !proxies.includes(name ?? "")), ...proxies]),
    );
  });
});

describe.each(pages)("$path", (page) => {
  it("runs commands that exist, with flags that they have", () => {
    const wrong = commandLines(page.text).filter((line) => !isCommandLine(line));
    expect(wrong).toEqual([]);
  });

  it("names flags that exist", () => {
    const flags = codeSpans(page.text).flatMap((span) => /^--[\w.-]+/.exec(span)?.[0] ?? []);
    expect(flags.filter((flag) => !allFlags.has(flag) && !foreignFlags.has(flag))).toEqual([]);
  });

  it("names keys of janitor.yml that exist", () => {
    const known = new Set(keys.map(({ path }) => path.replaceAll("[]", "")));
    const sections = new Set([...known].map((path) => path.split(".")[0]));
    const named = codeSpans(page.text).filter(
      (span) => /^[a-z_]+(\.[a-z_]+)+$/.test(span) && sections.has(span.split(".")[0]),
    );
    const files = /\.(yml|yaml|json|md|ts|txt)$/;
    expect(named.filter((span) => !known.has(span) && !files.test(span))).toEqual([]);
  });

  it("names metrics that exist", () => {
    const named = [...page.text.matchAll(/(?<![\w:])pushgateway_janitor_([a-z_]+)/g)].map(
      ([, name = ""]) => name,
    );
    const families = declaredFamilies();
    const unknown = named.filter(
      (name) => name !== "" && !families.has(name) && !families.has(name.replace(/_(bucket|sum|count)$/, "")),
    );
    expect(unknown).toEqual([]);
  });

  it("shows configurations that are right", () => {
    const blocks = codeBlocks(page).filter(
      ({ language, text }) => language === "yaml" && isConfiguration(text),
    );
    for (const { text } of blocks)
      expect(parseConfig(complete(text), "janitor.yml")).toMatchObject({ ok: true });
  });

  it.skipIf(mayLackPromtool)("shows queries that Prometheus can parse", () => {
    const queries = codeBlocks(page).flatMap(({ language, text }) =>
      language === "yaml" && isConfiguration(text) ? queriesOf(text) : [],
    );
    expect(checkQueries(queries)).toBe("");
  });

  it("shows rule tests that pass for the configuration above them", async () => {
    let config = "";
    for (const { language, text } of codeBlocks(page)) {
      if (language !== "yaml") continue;
      if (isConfiguration(text)) config = complete(text);
      if (!/^tests:/m.test(text)) continue;
      const folder = testFolder();
      writeConfig(config, folder);
      writeFileSync(join(folder, "rules.test.yml"), text);
      const { exitCode, stdout, stderr } = await cli(["test", "rules", join(folder, "rules.test.yml")]);
      expect({ exitCode, output: exitCode === 0 ? "" : stdout + stderr }).toEqual({
        exitCode: 0,
        output: "",
      });
    }
  });

  it("links to files and headings that are there", () => {
    const links = [...page.text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const broken = links.filter((target) => !/^https?:/.test(target) && !isThere(page.path, target));
    expect(broken).toEqual([]);
  });
});

describe("docs/troubleshooting.md", () => {
  const source = readSources().join("\n");
  const quoted = [...readPage("docs/troubleshooting.md").matchAll(/^> (.*)$/gm)].map(
    ([, message = ""]) => message,
  );

  it.each(quoted)("quotes a message as it is: %s", (message) => {
    const parts = message.split("…").map((part) => part.trim());
    // Messages of Node are in no source.
    const ours = parts.filter((part) => !/^connect E|^HTTP \d+$/.test(part));
    expect(ours.filter((part) => !source.includes(part))).toEqual([]);
  });

  it("lists every reason why an expired group is not deleted", () => {
    const listed = tableOf(readPage("docs/troubleshooting.md"), "reason").flatMap(([cell]) => spans(cell));
    const plain = ["within_ttl", "no_rule", "not_selected", "rule_keeps", "rule_reports"];
    const elsewhere = ["max_delete_ratio", "max_deletes", "archive_failed", "interrupted"];
    const all = [...keepReasons, ...withholdReasons];
    expect(new Set([...listed, ...plain, ...elsewhere])).toEqual(new Set(all));
    for (const reason of [...plain, ...elsewhere])
      expect(readPage("docs/troubleshooting.md")).toContain(reason);
  });
});

describe("the reference", () => {
  it("is linked from README, as is every other page", () => {
    const docs = pages.map(({ path }) => path).filter((path) => path.startsWith("docs/"));
    expect(docs.filter((path) => !readme.includes(`(${path})`))).toEqual([]);
  });

  it("has every flag of every command, and every key", () => {
    for (const { name, options } of commands) {
      const section =
        reference.split("\n### ").find((part) => part.startsWith(`\`pushgateway-janitor ${name}`)) ?? "";
      for (const { flags } of options) expect(section).toContain(`| \`${flags}\` |`);
    }
    for (const { path } of keys) expect(reference).toContain(`| \`${path}\` |`);
  });
});

/** The code, with strings that continue on the next line joined. */
function readSources(): readonly string[] {
  const folder = join(root, "src");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8").replaceAll(/["`] \+\n\s*["`]/g, ""));
}

function isCommandLine(line: string): boolean {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  const command = commands
    .toSorted((a, b) => b.name.length - a.name.length)
    .find(({ name }) => `${words.join(" ")} `.startsWith(`${name} `));
  const flags = words.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0] ?? "");
  // "pushgateway-janitor is healthy" and the like is prose.
  if (command === undefined)
    return flags.length === 0 ? !isMisspelt(words[0] ?? "") : flags.every((flag) => allFlags.has(flag));
  const own = new Set([...command.options.map(({ long }) => long), "--help"]);
  return flags.every((flag) => own.has(flag));
}

/** Commands that are planned, or were once. */
function isMisspelt(word: string): boolean {
  return ["test", "suggest", "sweep", "list", "delete", "config"].includes(word);
}

function isConfiguration(text: string): boolean {
  const value = parse(text) as unknown;
  return (
    typeof value === "object" &&
    value !== null &&
    ("rules" in value || "pushgateways" in value || "limits" in value)
  );
}

function queriesOf(text: string): readonly string[] {
  const { rules = [] } = parse(text) as {
    rules?: readonly { vanished?: { query: string } }[];
  };
  return rules.flatMap(({ vanished }) => (vanished === undefined ? [] : [vanished.query]));
}

/** A part of a configuration, completed with what is required. */
function complete(text: string): string {
  const value = parse(text) as object;
  const gateways = "pushgateways: [{ name: g, url: http://localhost:9091 }]\n";
  const rules = "rules: [{ name: r, matchers: [], ttl: 30d }]\n";
  const prometheus = "prometheus: { url: http://localhost:9090 }\n";
  const asks = !("prometheus" in value) && text.includes("vanished:");
  return `${text}${"pushgateways" in value ? "" : gateways}${"rules" in value ? "" : rules}${asks ? prometheus : ""}`;
}

function isThere(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = join(root, file === "" ? from : join(from, "..", file));
  return existsSync(path) && (anchor === undefined || slugs(readFileSync(path, "utf8")).includes(anchor));
}

/** As GitHub makes them. */
function slugs(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}
