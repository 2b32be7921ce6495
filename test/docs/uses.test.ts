import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  readFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { ICronJob, IJob } from "kubernetes-models/batch/v1";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseAllDocuments } from "yaml";

import {
  chartFolder,
  kubectl as kubectlBinary,
  mayLackKubernetesTools,
  renderChart,
  runHelm,
  runKustomize,
} from "../support/kubernetes-tools.ts";
import { testFolder } from "../support/service.ts";
import { janitorFile } from "../support/project-root.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { blocksOf, readPage, root } from "./pages.ts";

const daySeconds = 86_400;

/** What stands in the pages for the reader's own gateway. */
const gatewayOfThePages = "http://localhost:9091";

interface Reader {
  readonly folder: string;
  readonly url: string;
  /** Types a command as it stands in a page. */
  type(command: string): Promise<{ readonly exitCode: number; readonly output: string }>;
}

interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly ageSeconds: number;
}

const fewGroups: readonly Group[] = [
  { labels: { job: "billing" }, ageSeconds: 200 * daySeconds },
  { labels: { job: "batch", instance: "old-1" }, ageSeconds: 62 * daySeconds },
  { labels: { job: "batch", instance: "web-2" }, ageSeconds: 690 },
];

/** Groups of one job, whose instances are numbered. */
function groupsOf(
  job: string,
  instance: string,
  count: number,
  age: (index: number) => number,
): readonly Group[] {
  return Array.from({ length: count }, (_, index) => ({
    labels: { job, instance: `${instance}-${String(index).padStart(4, "0")}` },
    ageSeconds: age(index),
  }));
}

/** The gateway of the README. */
const manyGroups: readonly Group[] = [
  ...groupsOf("batch", "web", 2031, (index) => (1 + ((index * 7) % 29)) * 60),
  ...groupsOf("batch", "old", 640, (index) => (31 + ((index * 13) % 170)) * daySeconds),
  ...groupsOf("ci", "runner", 300, (index) => (index + 1) * 600),
  ...groupsOf("backup", "db", 28, (index) => ((index % 7) + 1) * daySeconds),
  { labels: { job: "billing" }, ageSeconds: 200 * daySeconds },
];

/** A reader with a gateway like that of a page, in a folder with the page's janitor.yml. */
async function startReading(page = "docs/by-hand.md", groups = fewGroups): Promise<Reader> {
  const now = Date.now() / 1000;
  const gateway = await startPushgateway({
    groups: groups.map(({ labels, ageSeconds }) => ({ labels, pushTime: now - ageSeconds })),
  });
  onTestFinished(() => gateway.stop());
  const folder = mkdtempSync(join(tmpdir(), "reader-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const own = (text: string): string => text.replaceAll(gatewayOfThePages, gateway.url);
  writeFileSync(join(folder, "janitor.yml"), own(blocksOf(page, "yaml")[0] ?? ""));
  symlinkSync(join(root, "config"), join(folder, "config"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "pushgateway-janitor"),
    `#!/bin/sh\nexec "${process.execPath}" "${janitorFile}" "$@"\n`,
  );
  chmodSync(join(bin, "pushgateway-janitor"), 0o755);
  return {
    folder,
    url: gateway.url,
    async type(command) {
      const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
      const shell = spawn("/bin/sh", ["-ec", own(command)], {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [shell.stdout, shell.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      }
      const [exitCode] = (await once(shell, "close")) as [number];
      return { exitCode, output };
    },
  };
}

/** The commands of a page in order, with what continues them on the next line. */
function commandsOf(page: string): readonly string[] {
  return blocksOf(page, "sh").flatMap((block) => block.replaceAll("\\\n", "").trim().split("\n"));
}

describe("docs/by-hand.md", () => {
  it("leads from a first report to a sweep and back, command by command", { timeout: 120_000 }, async () => {
    const reader = await startReading();
    const outputs = new Map<string, string>();
    for (const command of commandsOf("docs/by-hand.md")) {
      const { exitCode, output } = await reader.type(command);
      expect([command, exitCode, output]).toEqual([command, 0, output]);
      outputs.set(command, output);
    }
    expect(outputs.get("pushgateway-janitor once --dry-run")).toContain(
      "delete   ttl_expired  everything-else",
    );
    expect(outputs.get("pushgateway-janitor once")).toMatch(/deleted +ttl_expired .*instance="old-1"/);
    expect([...outputs.values()].filter((output) => output.includes("1 restored"))).toHaveLength(1);
  });

  it("shows the reports as they are", async () => {
    const { type } = await startReading();
    const [ages, report] = commandsOf("docs/by-hand.md");
    const output = (await type(ages ?? "")).output + (await type(report ?? "")).output;
    const shown = blocksOf("docs/by-hand.md", "").join("\n").trim().split("\n");
    // Ages change while one looks.
    const rows = (lines: readonly string[]) =>
      lines.map((line) => line.replaceAll(/(?<= )(?:\d+[dhms])+(?= )/g, "").replaceAll(/ +/g, " "));
    expect(rows(output.split("\n"))).toEqual(expect.arrayContaining(rows(shown)));
  });
});

describe("README.md", () => {
  it(
    "leads from a gateway of 3,000 groups to a right report, to a sweep and back",
    { timeout: 120_000 },
    async () => {
      const reader = await startReading("README.md", manyGroups);
      const shown = blocksOf("README.md", "").join("\n").trim().split("\n");
      const typed = commandsOf("README.md").filter((command) => command.startsWith("pushgateway-janitor "));
      const outputs: string[] = [];
      for (const command of typed.filter((command) => !/ (?:demo|run) /.test(command))) {
        const { exitCode, output } = await reader.type(command);
        expect([command, exitCode, output]).toEqual([command, 0, output]);
        outputs.push(output);
      }
      // Ages change while one looks, and so do bars beside them.
      const rows = (text: readonly string[]): readonly string[] =>
        text.map((line) => line.replaceAll(/\b(?:\d+[dhms])+\b|[▁▂▃▄▅▆▇█·]+/g, "").replaceAll(/ +/g, " "));
      const all = outputs.join("\n").replaceAll(reader.url, gatewayOfThePages).split("\n");
      const printed = new Set(rows(all));
      expect(rows(shown).filter((line) => !printed.has(line))).toEqual([]);
      expect(all.filter((line) => line.includes("928 deleted"))).toHaveLength(1);
    },
  );
});

describe.each(["docs/kubernetes.md", "docs/sidecar.md", "docs/cronjob.md"])("%s", (page) => {
  const commands = commandsOf(page);
  const own = commands.filter((command) => command.startsWith("pushgateway-janitor "));

  it.each(own)("has a command that works: %s", async (command) => {
    const reader = await startReading();
    const { exitCode, output } = await reader.type(command);
    expect([exitCode, output]).toEqual([0, output]);
    const textfile = /--metrics\.textfile=(\S+)/.exec(command)?.[1];
    if (textfile !== undefined && !existsSync(join(reader.folder, textfile)))
      throw new Error(`no ${textfile}`);
  });

  const rendered = commands.filter((command) => command.startsWith("kubectl kustomize "));

  it.skipIf(mayLackKubernetesTools).each(rendered)("renders what it says: %s", (command) => {
    expect(runKustomize(join(root, command.slice("kubectl kustomize ".length)))).toContain(
      "image: pushgateway-janitor:",
    );
  });

  const installed = commands.filter((command) => /^helm .*\bconfig\/helm\b/.test(command));

  it.skipIf(mayLackKubernetesTools).each(installed)("installs what it says: %s", (command) => {
    const values = join(testFolder(), "values.yaml");
    writeFileSync(values, blocksOf("docs/kubernetes.md", "yaml")[0] ?? "");
    const words = command.split(" ").slice(1);
    const args = words.map((word) =>
      word.replace("config/helm", chartFolder).replace("--values=values.yaml", `--values=${values}`),
    );
    const { exitCode, stderr } = runHelm(...args, ...(args[0] === "upgrade" ? ["--dry-run=client"] : []));
    // It looks whether the release is there before anything else, but has read all of the command.
    expect([exitCode === 0 || stderr.includes("cluster unreachable"), stderr]).toEqual([true, stderr]);
  });
});

/** The names of the pages for what the chart makes. */
it.skipIf(mayLackKubernetesTools)("docs name objects of the chart as they are", () => {
  const text = ["docs/kubernetes.md", "docs/cronjob.md"].map(readPage).join("\n");
  const made = ["deployment", "statefulset", "cronjob"].flatMap((mode) =>
    [...renderChart(`mode=${mode}`).matchAll(/^kind: (\w+)\nmetadata:\s+name: (\S+)$/gm)].map(
      ([, kind = "", name = ""]) => `${kind.toLowerCase()}/${name}`,
    ),
  );
  const named = [...text.matchAll(/\b(?:service|deployment|cronjob)\/janitor[\w-]*/g)].map(([name]) => name);
  expect(new Set(named).size).toBe(3);
  expect(made).toEqual(expect.arrayContaining(named));
});

it.skipIf(mayLackKubernetesTools)("docs/kubernetes.md has values that the chart takes", () => {
  const blocks = blocksOf("docs/kubernetes.md", "yaml").filter((text) => !text.includes("kustomization"));
  expect(blocks).toHaveLength(4);
  const words = [
    "url: http://pushgateway.batch:9091",
    "honorLabels: true",
    "- healthcheck\n",
    "app: inventory",
  ];
  for (const [index, text] of blocks.entries()) {
    const values = join(testFolder(), "values.yaml");
    writeFileSync(values, text);
    expect(renderChart("", `--values=${values}`)).toContain(words[index]);
  }
});

describe.skipIf(mayLackKubernetesTools)("the overlay of docs/kubernetes.md", () => {
  function renderOverlay(more: string): string {
    const folder = mkdtempSync(join(tmpdir(), "overlay-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    symlinkSync(join(root, "config"), join(folder, "config"));
    const overlay =
      blocksOf("docs/kubernetes.md", "yaml").find((text) => text.includes("kustomization")) ?? "";
    // Beside config/, as in the repository of somebody who keeps both.
    const path = join(folder, "own");
    mkdirSync(path);
    writeFileSync(join(path, "kustomization.yaml"), overlay.replaceAll("PATH/config", "../config") + more);
    writeFileSync(join(path, "janitor.yml"), "# mine\n");
    return runKustomize(path);
  }

  it("renders with image, rules and monitors of one's own, and without a group", () => {
    const { version } = JSON.parse(readPage("package.json")) as { readonly version: string };
    const rendered = renderOverlay("");
    expect(rendered).toContain("# mine");
    expect(rendered).not.toContain("dry_run");
    expect(rendered).toContain(`image: registry.example.com/pushgateway-janitor:${version}`);
    expect(rendered).toContain("kind: PodMonitor");
    expect(rendered).not.toMatch(/runAsUser|runAsGroup|fsGroup:/);
  });

  it("renders twice for one namespace, and opens the network to the same others", () => {
    const pairs = "{ app.kubernetes.io/instance: b }";
    const rendered = renderOverlay(`nameSuffix: -b\nlabels: [{ includeSelectors: true, pairs: ${pairs} }]\n`);
    const objects = parseAllDocuments(rendered).map((document) => document.toJS() as KubernetesObject);
    for (const { metadata } of objects) expect(metadata?.name).toMatch(/-b$/);
    const [policy] = objects.filter(({ kind }) => kind === "NetworkPolicy") as INetworkPolicy[];
    expect(policy!.spec!.podSelector.matchLabels).toHaveProperty(["app.kubernetes.io/instance"], "b");
    const { ingress, egress } = policy!.spec!;
    expect(JSON.stringify([ingress, egress])).not.toContain("instance");
  });
});

it.skipIf(mayLackKubernetesTools)(
  "docs/cronjob.md runs another command as a Job, quotes included",
  async () => {
    const { folder, type } = await startReading();
    const stub = (name: string, script: string): void => {
      writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const cronJob = parseAllDocuments(renderChart("mode=cronjob"))
      .map((document) => document.toJS() as ICronJob)
      .find(({ kind }) => kind === "CronJob");
    const job = { apiVersion: "batch/v1", kind: "Job", ...cronJob!.spec!.jobTemplate };
    writeFileSync(join(folder, "job.json"), JSON.stringify(job));
    // What needs a cluster; the patch is made by the real one.
    stub(
      "kubectl",
      `case "$*" in *--from=cronjob/*) cat job.json;; create*) cat >created.json;; *) exec "${kubectlBinary}" "$@";; esac`,
    );
    const block = blocksOf("docs/cronjob.md", "sh").find(
      (text) => text.includes("--from=cronjob") && text.includes("restore"),
    );
    expect(await type(block ?? "")).toEqual({ exitCode: 0, output: "" });
    const created = JSON.parse(readFileSync(join(folder, "created.json"), "utf8")) as IJob;
    expect(created.spec!.template.spec!.containers[0]!.args).toEqual([
      "restore",
      "/var/lib/pushgateway-janitor",
      '--match={job="batch"}',
      "--dry-run",
    ]);
  },
);
