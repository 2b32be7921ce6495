import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { IConfigMap } from "kubernetes-models/v1";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { cli } from "../support/cli.ts";
import { chartFolder, mayLackKubernetesTools, renderChart, runHelm } from "../support/kubernetes-tools.ts";
import { runPromtool } from "../support/promtool.ts";
import { testFolder, writeConfig } from "../support/service.ts";
import { everything, modes, parseManifests } from "./manifests.ts";
import { ofKind, selects, workloadsOf } from "./objects.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface Dashboards {
  readonly kind: "PrometheusRule";
  readonly apiVersion: string;
  readonly spec: object;
}

/** Values as a file, whose numbers helm reads as fractions. */
function valuesFile(text: string): string {
  const file = join(testFolder(), "values.yaml");
  writeFileSync(file, text);
  return `--values=${file}`;
}

/** The janitor.yml that the chart makes of values. */
function janitorYml(values: string): string {
  const manifests = parseManifests(renderChart("", valuesFile(values)), "config");
  return ofKind<IConfigMap>(manifests, "ConfigMap")[0]?.data?.["janitor.yml"] ?? "";
}

describe.skipIf(mayLackKubernetesTools)("config/helm", () => {
  it.each(modes)("has nothing that helm's linter warns of as a %s", (mode) => {
    for (const values of [`mode=${mode}`, `mode=${mode},${everything}`])
      expect(runHelm("lint", "--strict", `--set=${values}`, chartFolder)).toMatchObject({ exitCode: 0 });
  });

  it("has the version of the program", () => {
    const { version } = JSON.parse(read("package.json")) as { version: string };
    expect(parse(read("config/helm/Chart.yaml"))).toMatchObject({ version, appVersion: version });
  });

  it.each([
    ["mode=job", "mode"],
    ["mod=cronjob", "additional properties 'mod' not allowed"],
    ["shards=0", "shards"],
    ["podMonitor.enable=true", "additional properties 'enable' not allowed"],
    ["image.name=x", "additional properties 'name' not allowed"],
    // From a file it would become 2.0261201e+07.
    ["image.tag=20261201", "got number, want"],
    ["config.rules=null", "missing property 'rules'"],
  ])("refuses %s", (values, words) => {
    expect(() => renderChart(values)).toThrow(words);
  });

  it("makes a janitor.yml that is right of what values hold", async () => {
    const text = janitorYml(
      "config: { dry_run: false, limits: { max_deletes: 2000000, max_delete_ratio: 0.7 } }\n",
    );
    expect(parse(text)).toMatchObject({ dry_run: false, limits: { max_deletes: 2_000_000 } });
    expect(await cli(["check", "config", writeConfig(text)])).toMatchObject({ exitCode: 0, stderr: "" });
    const discovery = janitorYml(
      "config: { pushgateways: null, archive: null, http_sd_configs: [{ url: 'http://inventory/' }] }\n",
    );
    expect(await cli(["check", "config", writeConfig(discovery)])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(renderChart("config.archive=null,mode=statefulset")).not.toContain("archive");
  });

  it("restarts no pod for a changed janitor.yml", () => {
    const workload = (values: string) => workloadsOf(parseManifests(renderChart(values), "helm"));
    expect(workload("config.dry_run=false")).toEqual(workload("config.dry_run=true"));
  });

  it("can be installed twice into a namespace", () => {
    const [a, b] = ["a", "b"].map((release) =>
      parseManifests(renderChart(everything, `--name-template=${release}`), release),
    );
    const names = new Set(a!.map(({ object: { kind, metadata } }) => `${kind} ${metadata?.name}`));
    expect(names.size).toBe(a!.length);
    expect(b!.filter(({ object: { kind, metadata } }) => names.has(`${kind} ${metadata?.name}`))).toEqual([]);
    const labels = workloadsOf(b!)[0]!.labels;
    for (const { object } of a!) {
      const { spec } = object as { spec?: { selector?: object; podSelector?: object } };
      if (object.kind === "ServiceMonitor") continue;
      const selector = spec?.podSelector ?? spec?.selector;
      if (selector === undefined) continue;
      expect(selects(object.kind === "Service" ? { matchLabels: selector as never } : selector, labels)).toBe(
        false,
      );
    }
  });

  it.each(["a.b", "x".repeat(53), `${"x".repeat(32)}-pushgateway-janitor`])(
    "leaves room for what Kubernetes adds to the name of the release %s",
    (release) => {
      const manifests = parseManifests(renderChart("mode=cronjob", `--name-template=${release}`), "long");
      for (const { object } of manifests) expect(object.metadata!.name!).toMatch(/^[a-z-]{1,51}[a-z]$/);
    },
  );

  it("labels every object as recommended, and no pod with what changes", () => {
    const manifests = parseManifests(renderChart(everything), "helm");
    const labels = ["name", "instance", "version", "component", "part-of", "managed-by"].map(
      (key) => `app.kubernetes.io/${key}`,
    );
    for (const { object } of manifests)
      expect(Object.keys(object.metadata?.labels ?? {})).toEqual(expect.arrayContaining(labels));
    expect(Object.keys(workloadsOf(manifests)[0]!.labels)).toEqual(labels.slice(0, 2));
  });

  it.each(modes)("asks OpenShift for no user and no group, as a %s", (mode) => {
    const text = renderChart(`mode=${mode}`, "--api-versions=security.openshift.io/v1");
    expect(text).toContain("runAsNonRoot: true");
    expect(text).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
    expect(renderChart(`mode=${mode}`)).not.toMatch(/runAsUser|runAsGroup/);
  });

  it("passes on more of pod and container, and keeps its own", () => {
    const values =
      "pod: { nodeSelector: { disk: ssd }, securityContext: { fsGroup: 5 } }\ncontainer: { env: [{ name: A, value: b }] }\n";
    const manifests = parseManifests(renderChart("mode=statefulset", valuesFile(values)), "helm");
    const [workload] = workloadsOf(manifests);
    expect(workload!.pod).toMatchObject({
      nodeSelector: { disk: "ssd" },
      securityContext: { fsGroup: 5, runAsNonRoot: true },
      containers: [
        {
          name: "janitor",
          env: [{ name: "JOB_COMPLETION_INDEX" }, { name: "A", value: "b" }],
          resources: { requests: { cpu: "20m" } },
        },
      ],
    });
  });
});

describe.skipIf(mayLackKubernetesTools)("a package of the chart", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "chart-"));
    runHelm("package", chartFolder, `--destination=${folder}`);
    return () => rmSync(folder, { recursive: true });
  });
  const render = (chart: string) =>
    runHelm("template", "janitor", chart, `--set=${everything}`, "--show-only=templates/monitoring.yaml");

  it("has the rules and the dashboard of this project, though they are links here", () => {
    const { stdout } = render(join(folder, readdirSync(folder)[0]!));
    const manifests = parseManifests(stdout, "package");
    const [rules] = ofKind<Dashboards>(manifests, "PrometheusRule");
    expect(rules!.spec).toEqual(parse(read("config/prometheus/pushgateway-janitor.rules.yml")));
    const [map] = ofKind<IConfigMap>(manifests, "ConfigMap");
    expect(map!.data).toEqual({ "pushgateway-janitor.json": read("config/grafana/dashboard.json") });
    const file = join(testFolder(), "rules.yml");
    writeFileSync(file, stringify(rules!.spec));
    expect(runPromtool(["check", "rules", file])).toMatchObject({ exitCode: 0 });
  });

  it("without them says so, and needs them for nothing else", () => {
    const bare = testFolder();
    cpSync(chartFolder, bare, { recursive: true, filter: (path) => !path.endsWith("/files") });
    expect(render(bare).stderr).toContain("files/ is missing");
    expect(runHelm("template", "janitor", bare)).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it.each([
    ["deployment", "kubectl port-forward --namespace=default service/janitor-pushgateway-janitor 9717"],
    ["statefulset", "kubectl port-forward --namespace=default pod/janitor-pushgateway-janitor-0 9717"],
    ["cronjob", "--from=cronjob/janitor-pushgateway-janitor janitor-pushgateway-janitor-$(date +%s)"],
  ])("says after its installation as a %s what to do next", (mode, words) => {
    const install = ["install", "janitor", chartFolder, "--dry-run=client", `--set=mode=${mode}`];
    const { exitCode, stdout } = runHelm(...install);
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(words) as string,
    });
    expect(stdout).toContain("deletes nothing yet");
    expect(runHelm(...install, "--set=config.dry_run=false").stdout).not.toContain("deletes nothing yet");
  });
});
