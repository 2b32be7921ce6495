import { beforeAll, describe, expect, it } from "vitest";

import { mayLackKubernetesTools, renderChart } from "../support/kubernetes-tools.ts";
import { apiProblems } from "./api-types.ts";
import {
  communityValues,
  configFiles,
  everything,
  files,
  overlays,
  parseManifests,
  renderings,
  resourceFiles,
  sourceManifests,
} from "./manifests.ts";

describe("the manifests", () => {
  it("are all of the files, so that none goes unchecked", () => {
    const kustomizations = files.filter((file) => file.endsWith("kustomization.yaml"));
    const known = new Set([...kustomizations, ...resourceFiles, ...configFiles, communityValues]);
    expect([...known].toSorted()).toEqual(files);
    const folders = new Set(kustomizations.map((file) => file.split("/")[0]));
    expect(folders).toEqual(new Set([...overlays, "monitoring"]));
  });

  it("are as Kubernetes' API and the Prometheus operator's have them", async () => {
    expect(await apiProblems(sourceManifests)).toEqual([]);
  });

  it("are as the API has them when helm or kustomize has put them together", async () => {
    expect(await apiProblems(renderings().flatMap(({ manifests }) => manifests))).toEqual([]);
  });
});

/** In a manifest of the chart, each with one mistake, and what must be said of it. */
const mistakes = [
  ["an unknown field", "runAsNonRoot: true", "runAsNonRot: true", "securityContext.runAsNonRot: "],
  ["an unknown field of a container", "volumeMounts:", "volumeMount:", "containers[0].volumeMount: "],
  ["an unknown field at the top", "\nspec:", "\nspecs: {}\nspec:", " specs: "],
  ["a wrong type", "backoffLimit: 2", 'backoffLimit: "2"', "spec.backoffLimit: "],
  ["text for a number in a list", "[2, 20]", '[2, "20"]', "onExitCodes.values[1]: "],
  ["a fraction for an integer", "backoffLimit: 2", "backoffLimit: 2.5", "must be integer"],
  ["a number for a label", 'instance: "janitor"', "instance: 5", "instance"],
  ["a wrong enum", "action: FailJob", "action: Failjob", "rules[0].action: "],
  ["a wrong enum of the pod", "restartPolicy: Never", "restartPolicy: Nevr", "spec.restartPolicy: "],
  ["a wrong quantity", "memory: 512Mi", "memory: 512MB", "limits/memory must match"],
  ["a wrong duration", "interval: 30s", "interval: 30sec", "interval must match"],
  [
    "a field the operator lacks",
    "30s\n      port: janitor",
    "30s\n      prot: janitor",
    "podMetricsEndpoints[0].prot: ",
  ],
  ["an unknown kind", "kind: CronJob", "kind: ChronJob", "no batch/v1 ChronJob"],
  ["an unknown version", "batch/v1", "batch/v3", "no batch/v3 CronJob"],
  ["a wrong protocol", "protocol: UDP", "protocol: udp", "ports[0].protocol: "],
] as const;

describe.skipIf(mayLackKubernetesTools)("the check against the API's types", () => {
  let problems: readonly string[] = [];
  beforeAll(async () => {
    const manifests = `${renderChart(`mode=cronjob,${everything}`)}${renderChart(everything)}`.split("---\n");
    const planted = mistakes.flatMap(([title, text, mistake]) => {
      const manifest = manifests.find((one) => one.includes(text));
      if (manifest === undefined) throw new Error(`no manifest has ${text}`);
      // By its title, to tell the answers apart.
      return parseManifests(manifest.replace(text, mistake), title);
    });
    problems = await apiProblems(planted);
  });

  it.each(mistakes)("finds %s", (title, _text, _mistake, words) => {
    expect(problems.filter((problem) => problem.startsWith(`${title}: `)).join("\n")).toContain(words);
  });
});
