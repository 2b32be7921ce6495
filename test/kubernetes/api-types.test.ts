import { beforeAll, describe, expect, it } from "vitest";

import { mayLackKustomize } from "../support/kustomize.ts";
import { apiProblems, patchProblems } from "./api-types.ts";
import {
  chartFiles,
  configFiles,
  files,
  overlays,
  parseManifests,
  patchFiles,
  patchManifests,
  readText,
  renderings,
  resourceFiles,
  sourceManifests,
} from "./manifests.ts";
import type { Manifest } from "./objects.ts";

describe("the manifests", () => {
  it("are all of the files, so that none goes unchecked", () => {
    const kustomizations = files.filter((file) => file.endsWith("kustomization.yaml"));
    const known = new Set([
      ...kustomizations,
      ...resourceFiles,
      ...patchFiles,
      ...configFiles,
      ...chartFiles,
    ]);
    expect([...known].toSorted()).toEqual(files);
    const folders = new Set(kustomizations.map((file) => file.split("/")[0]));
    expect(folders).toEqual(new Set(["base", "components", ...overlays]));
  });

  it("are as Kubernetes' API and the Prometheus operator's have them", async () => {
    expect(await apiProblems(sourceManifests)).toEqual([]);
  });

  it("are patched only where the API has a field", () => {
    expect(patchProblems(patchManifests)).toEqual([]);
  });

  it("are as the API has them when the chart or kustomize has put them together", async () => {
    expect(await apiProblems(renderings().flatMap(({ manifests }) => manifests))).toEqual([]);
  });

  it.skipIf(mayLackKustomize)("are all rendered by kustomize", () => {
    expect(renderings().map(({ name }) => name)).toEqual(["helm", ...overlays]);
  });
});

const deployment = "deployment/deployment.yaml";
const cronJob = "cronjob/cronjob.yaml";
const podMonitor = "components/prometheus/podmonitor.yaml";

/** Manifests of ours, each with one mistake, and what must be said of it. */
const mistakes = [
  [
    "an unknown field",
    deployment,
    "runAsNonRoot: true",
    "runAsNonRot: true",
    "securityContext.runAsNonRot: ",
  ],
  [
    "an unknown field of a container",
    deployment,
    "volumeMounts:",
    "volumeMount:",
    "containers[0].volumeMount: ",
  ],
  ["an unknown field at the top", deployment, "\nspec:", "\nspecs: {}\nspec:", " specs: "],
  ["a wrong type", cronJob, "backoffLimit: 2", 'backoffLimit: "2"', "spec.backoffLimit: "],
  ["text for a number in a list", cronJob, "[2, 20]", '[2, "20"]', "onExitCodes.values[1]: "],
  ["a fraction for an integer", cronJob, "backoffLimit: 2", "backoffLimit: 2.5", "must be integer"],
  ["a number for a label", cronJob, "name: pushgateway-janitor\nspec", "name: 5\nspec", "name: "],
  ["a wrong enum", cronJob, "action: FailJob", "action: Failjob", "rules[0].action: "],
  ["a wrong enum of the CronJob", cronJob, "Policy: Forbid", "Policy: forbid", "spec.concurrencyPolicy: "],
  ["a wrong enum of the pod", cronJob, "restartPolicy: Never", "restartPolicy: Nevr", "spec.restartPolicy: "],
  ["a wrong quantity", deployment, "memory: 512Mi", "memory: 512MB", "limits/memory must match"],
  ["a wrong duration", podMonitor, "interval: 30s", "interval: 30sec", "interval must match"],
  ["a field the operator lacks", podMonitor, "- port:", "- prot:", "podMetricsEndpoints[0].prot: "],
  ["a missing field", podMonitor, "\n  selector:", "\n  namespaceSelector:", "selector"],
  ["an unknown kind", deployment, "kind: Deployment", "kind: Deploiment", "no apps/v1 Deploiment"],
  ["an unknown version", cronJob, "batch/v1", "batch/v3", "no batch/v3 CronJob"],
  ["a wrong protocol", "base/networkpolicy.yaml", "protocol: UDP", "protocol: udp", "ports[0].protocol: "],
] as const;

const mistakesInPatches = [
  [
    "an unknown field",
    "shards/cronjob.yaml",
    "completionMode: Indexed",
    "completionMod: Indexed",
    "completionMod: ",
  ],
  ["a wrong type", "shards/cronjob.yaml", "completions: 10", 'completions: "10"', "spec.completions: "],
  [
    "a wrong enum",
    "shards/cronjob.yaml",
    "completionMode: Indexed",
    "completionMode: indexed",
    "completionMode: ",
  ],
] as const;

/** By its title, to tell the answers apart. */
function plant([title, file, text, mistake]: readonly [
  string,
  string,
  string,
  string,
  string,
]): readonly Manifest[] {
  const content = readText(file);
  if (!content.includes(text)) throw new Error(`${file} has no ${text}`);
  return parseManifests(content.replace(text, mistake), title);
}

describe("the check against the API's types", () => {
  let problems: readonly string[] = [];
  beforeAll(async () => (problems = await apiProblems(mistakes.flatMap(plant))));

  it.each(mistakes)("finds %s", (title, _file, _text, _mistake, words) => {
    expect(problems.filter((problem) => problem.startsWith(`${title}: `)).join("\n")).toContain(words);
  });
});

describe("the check of patches against the API's types", () => {
  let problems: readonly string[] = [];
  beforeAll(() => (problems = patchProblems(mistakesInPatches.flatMap(plant))));

  it.each(mistakesInPatches)("finds %s", (title, _file, _text, _mistake, words) => {
    expect(problems.filter((problem) => problem.startsWith(`${title}: `)).join("\n")).toContain(words);
  });
});
