import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { parse, parseAllDocuments } from "yaml";

import { lacksKubernetesTools, renderChart, runKustomize } from "../support/kubernetes-tools.ts";
import { renderCommunityChart } from "./community-chart.ts";
import type { KubernetesObject, Manifest } from "./objects.ts";

/** What `kubectl apply` would get: everything together. */
export interface Rendering {
  readonly name: string;
  readonly manifests: readonly Manifest[];
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly configMapGenerator?: readonly { readonly files: readonly string[] }[];
}

export const kubernetesFolder = join(import.meta.dirname, "../../config/kubernetes");

export const overlays = ["deployment", "sidecar"] as const;

export const modes = ["deployment", "statefulset", "cronjob"] as const;

export const communityValues = "sidecar/prometheus-pushgateway.values.yaml";

/** Everything that a value can turn on. */
export const everything = [
  "podMonitor.enabled=true,gatewayMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true",
  "networkPolicy.enabled=true,secretName=janitor,webConfigFile=/etc/pushgateway-janitor-secrets/web.yml",
].join(",");

/** Every file below config/kubernetes, by its path there. */
export const files: readonly string[] = readdirSync(kubernetesFolder, {
  recursive: true,
  withFileTypes: true,
})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(kubernetesFolder.length + 1))
  .toSorted();

const kustomizations = files
  .filter((file) => basename(file) === "kustomization.yaml")
  .map((file) => ({ folder: dirname(file), content: parse(readText(file)) as Kustomization }));

/** The files that some kustomization takes as whole manifests, and as the content of ConfigMaps. */
export const resourceFiles = named(({ resources = [] }) => resources);
export const configFiles = named(({ configMapGenerator = [] }) =>
  configMapGenerator.flatMap((map) => map.files),
);

export const sourceManifests: readonly Manifest[] = resourceFiles.flatMap((file) =>
  parseManifests(readText(file), file),
);

/** The community's chart with our values, which needs no program, and what helm and kustomize make, where they are there. */
export function renderings(): readonly Rendering[] {
  const community = renderCommunityChart(parse(readText(communityValues), { version: "1.1" }));
  const rendered = [
    { name: "community", manifests: community.map((object) => ({ where: "community", object })) },
  ];
  if (lacksKubernetesTools) return rendered;
  const made: readonly (readonly [string, string])[] = [
    ...modes.map((mode) => [`helm ${mode}`, renderChart(`mode=${mode}`)] as const),
    ...modes.map(
      (mode) => [`helm ${mode} with everything`, renderChart(`mode=${mode},${everything}`)] as const,
    ),
    ...overlays.map((name) => [`kustomize ${name}`, runKustomize(join(kubernetesFolder, name))] as const),
  ];
  return [...rendered, ...made.map(([name, text]) => ({ name, manifests: parseManifests(text, name) }))];
}

export function readText(file: string): string {
  return readFileSync(join(kubernetesFolder, file), "utf8");
}

/** By the older YAML that kubectl reads, where `yes` and `0640` are no strings. */
export function parseManifests(text: string, where: string): readonly Manifest[] {
  return parseAllDocuments(text, { version: "1.1" }).map((document) => {
    if (document.errors[0] !== undefined) throw new Error(`${where}: ${document.errors[0].message}`);
    return { where, object: document.toJS() as KubernetesObject };
  });
}

function named(list: (kustomization: Kustomization) => readonly string[]): readonly string[] {
  return kustomizations.flatMap(({ folder, content }) => list(content).map((name) => join(folder, name)));
}
