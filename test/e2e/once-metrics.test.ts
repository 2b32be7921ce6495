import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { cli, type CliResult } from "../support/cli.ts";
import { mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { installedGateways, startPushgateway, type PushgatewayOptions } from "../support/pushgateway.ts";
import { getJson, getText, push } from "../support/push.ts";
import { loggedFields } from "../support/service.ts";
import { readMetrics } from "../telemetry/read-metrics.ts";

const ownLabels = { job: "pushgateway-janitor", instance: "g" };
const old = (job: string) => ({ labels: { job }, pushTime: 1000 });

interface Scene {
  readonly url: string;
  readonly textfile: string;
  readonly folder: string;
  /** Runs `once`, and says only what went wrong. */
  once(...flags: string[]): Promise<CliResult>;
  /** The groups on the gateway, as their labels. */
  groups(): Promise<readonly Record<string, string>[]>;
}

/** A gateway, and a file with one rule that deletes everything after a millisecond. */
async function start(options: PushgatewayOptions, url?: string): Promise<Scene> {
  const gateway = await startPushgateway(options);
  onTestFinished(() => gateway.stop());
  const folder = mkdtempSync(join(tmpdir(), "once-metrics-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "janitor.yml");
  writeFileSync(
    file,
    `pushgateways: [{ name: g, url: "${url ?? gateway.url}" }]\nlimits: { max_outage: 0s }\n` +
      `archive: { dir: ${join(folder, "archive")} }\nrules: [{ name: everything, matchers: [], ttl: 1ms }]\n`,
  );
  return {
    url: gateway.url,
    textfile: join(folder, "janitor.prom"),
    folder,
    once: (...flags) => cli(["once", `--config.file=${file}`, "--log.level=error", ...flags]),
    async groups() {
      const { data } = await getJson<{ data: { labels: Record<string, string> }[] }>(
        gateway.url,
        "/api/v1/metrics",
      );
      return data.map(({ labels }) => labels);
    },
  };
}

/** Without what differs from run to run: times, durations and what lies in which bucket of them, sizes, versions. */
function steady(exposition: string): string {
  return exposition
    .replaceAll(/^(\w+_bucket\{le="(?!\+Inf).*\}) .*$/gm, "$1 <count>")
    .replaceAll(/^(\w+(?:_seconds|_seconds_sum|_bytes)(?:\{.*\})?) (?!0$).*$/gm, "$1 <value>")
    .replaceAll(/^(\w+_build_info)\{.*\}/gm, "$1{<build>}");
}

describe.each(installedGateways)("once on Pushgateway $name", (gateway) => {
  it("with --metrics.textfile writes everything it counted into the file", async () => {
    const { once, textfile, folder } = await start({ gateway, groups: [old("a"), old("b")] });
    expect(await once(`--metrics.textfile=${textfile}`)).toMatchObject({ exitCode: 0, stderr: "" });
    const text = readFileSync(textfile, "utf8");
    await expect(steady(text)).toMatchFileSnapshot("once-metrics.prom");
    expect(readdirSync(folder).toSorted()).toEqual(["archive", "janitor.prom", "janitor.yml"]);
  });

  it.skipIf(mayLackPromtool)("with --metrics.textfile writes what promtool finds no fault with", async () => {
    const { once, textfile } = await start({ gateway, groups: [old("a")] });
    await once(`--metrics.textfile=${textfile}`);
    const checked = runPromtool(["check", "metrics"], readFileSync(textfile, "utf8"));
    expect(checked).toEqual({ exitCode: 0, output: "" });
  });

  it("never deletes the group of the janitor's own metrics, however old, but deletes others that resemble it", async () => {
    const labels = [ownLabels, { job: "pushgateway-janitor" }, { ...ownLabels, team: "a" }];
    const seeded = labels.map((one) => ({ labels: one, pushTime: 1000 }));
    const { once, groups } = await start({ gateway, groups: seeded });
    const { exitCode, stdout } = await once("--output=json");
    expect(exitCode).toBe(0);
    expect(stdout).toContain('"own_metrics"');
    expect(await groups()).toEqual([ownLabels]);
  });

  it("with --metrics.push pushes the metrics to the gateway, and replaces those of the last run", async () => {
    const { once, url, groups } = await start({ gateway, groups: [old("a"), old("b")] });
    const pushed = async (name: string, label: string) => {
      const samples = readMetrics(await getText(url, "/metrics"));
      return samples.get(`${name}{gateway="g",instance="g",job="pushgateway-janitor",${label}}`);
    };
    expect(await once("--metrics.push")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await groups()).toEqual([ownLabels]);
    expect(await pushed("last_sweep_deleted_groups", 'rule="everything"')).toBe("2");
    expect(await pushed("groups", 'verdict="keep"')).toBe("0");

    expect(await once("--metrics.push")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await groups()).toEqual([ownLabels]);
    expect(await pushed("last_sweep_deleted_groups", 'rule="everything"')).toBe("0");
    expect(await pushed("groups", 'verdict="keep"')).toBe("1");
  });

  it("with --metrics.push says so when the gateway refuses it, and that is a failure", async () => {
    const { once, url } = await start({ gateway });
    await push(
      url,
      { job: "other" },
      "# TYPE pushgateway_janitor_dry_run counter\npushgateway_janitor_dry_run 1\n",
    );
    const { exitCode, stderr } = await once("--metrics.push", "--dry-run");
    expect(stderr).toContain(`--metrics.push: PUT ${url}/metrics/job/pushgateway-janitor/instance/g: `);
    expect(exitCode).toBe(1);
  });
});

describe("once", () => {
  it("also writes the metrics of a sweep that failed, and exits as without them", async () => {
    const { once, textfile } = await start({}, "http://127.0.0.1:9");
    const { exitCode, stderr } = await once(`--metrics.textfile=${textfile}`, "--metrics.push");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("--metrics.push: PUT http://127.0.0.1:9/metrics/job/pushgateway-janitor");
    const samples = readMetrics(readFileSync(textfile, "utf8"));
    expect(samples.get('last_sweep_failure_info{gateway="g",reason="unreachable"}')).toBe("1");
    expect(samples.get('gateway_up{gateway="g"}')).toBe("0");
  });

  it("also writes them when it was interrupted before it knew anything", async () => {
    const { textfile, folder } = await start({ groups: [old("a")] });
    const flags = [`--config.file=${join(folder, "janitor.yml")}`, `--metrics.textfile=${textfile}`];
    const { exitCode } = await cli(["once", ...flags], { stop: AbortSignal.abort() });
    expect(exitCode).toBe(143);
    const samples = readMetrics(readFileSync(textfile, "utf8"));
    expect(samples.get('last_sweep_failure_info{gateway="g",reason="aborted"}')).toBe("1");
  });

  it("counts nothing as deleted in a dry run, and says that it is one", async () => {
    const { once, textfile } = await start({ groups: [old("a")] });
    expect((await once(`--metrics.textfile=${textfile}`, "--dry-run")).exitCode).toBe(0);
    const samples = readMetrics(readFileSync(textfile, "utf8"));
    expect(samples.get("dry_run")).toBe("1");
    expect(samples.get('groups{gateway="g",verdict="delete"}')).toBe("1");
    expect(samples.get('last_sweep_deleted_groups{gateway="g",rule="everything"}')).toBe("0");
  });

  it("fails when the file cannot be written, after the sweep and its report", async () => {
    const { once, groups } = await start({ groups: [old("a")] });
    const { exitCode, stdout, stderr } = await once("--metrics.textfile=/nowhere/janitor.prom");
    expect(loggedFields(stderr, "Metrics could not be delivered", "err")).toEqual([
      '"--metrics.textfile: /nowhere/janitor.prom: there is no folder /nowhere"',
    ]);
    expect(stdout).toContain("1 deleted");
    expect(exitCode).toBe(1);
    expect(await groups()).toEqual([]);
  });

  it("exports how often it is run, as its caller says", async () => {
    const { once, textfile } = await start({});
    expect((await once(`--metrics.textfile=${textfile}`, "--metrics.interval=15m")).exitCode).toBe(0);
    expect(readMetrics(readFileSync(textfile, "utf8")).get("sweep_interval_seconds")).toBe("900");
    const { exitCode, stderr } = await once("--metrics.interval=0s");
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      "--metrics.interval: must be over 0: write the interval of the timer or CronJob",
    );
  });

  it("pushes to each of several gateways its own metrics", async () => {
    const [one, two] = [await start({ groups: [old("a")] }), await start({ groups: [old("b"), old("c")] })];
    const file = join(one.folder, "both.yml");
    writeFileSync(
      file,
      `pushgateways:\n  - { name: one, url: "${one.url}" }\n  - { name: two, url: "${two.url}" }\n` +
        "limits: { max_outage: 0s }\nrules: [{ name: r, matchers: [], ttl: 1ms }]\n",
    );
    const flags = [`--config.file=${file}`, "--log.level=error", "--metrics.push"];
    expect((await cli(["once", ...flags])).exitCode).toBe(0);
    const texts = [await getText(one.url, "/metrics"), await getText(two.url, "/metrics")];
    expect(texts.map((text) => text.includes('gateway="one"'))).toEqual([true, false]);
    expect(texts.map((text) => text.includes('gateway="two"'))).toEqual([false, true]);
    expect(texts[1]).toContain(
      'pushgateway_janitor_last_sweep_deleted_groups{gateway="two",instance="two",job="pushgateway-janitor",rule="r"} 2\n',
    );
  });
});

describe("explain", () => {
  it("says that no rule decides about the janitor's own metrics", async () => {
    const { folder } = await start({});
    const config = `--config.file=${join(folder, "janitor.yml")}`;
    const { stdout } = await cli(["explain", "job=pushgateway-janitor", "instance=g", "--age=1d", config]);
    expect(stdout).toContain("  everything: matches, but no rule decides about this group\n");
    expect(stdout).toContain(
      "The janitor's own metrics: no rule decides, the group is kept (own_metrics).\n",
    );
    expect(stdout).toContain("At an age of 1d: keep (own_metrics)\n");
  });
});
