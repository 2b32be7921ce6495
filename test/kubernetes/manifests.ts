import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { parseAllDocuments, parse } from "yaml";

import { hasKustomize, runKustomize } from "../support/kustomize.ts";
import { renderChart } from "./chart.ts";
import type { KubernetesObject, Manifest } from "./objects.ts";

/** What `kubectl apply` would get: everything together. */
export interface Rendering {
  readonly name: string;
  readonly manifests: readonly Manifest[];
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly patches?: readonly { readonly path: string }[];
  readonly configMapGenerator?: readonly { readonly files: readonly string[] }[];
}

export const kubernetesFolder = join(import.meta.dirname, "../../config/kubernetes");

export const overlays = ["cronjob", "deployment", "shards", "sidecar"] as const;

const chartValues = "helm/prometheus-pushgateway.values.yaml";

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

/** The files that some kustomization takes as whole manifests, as patches, as the content of ConfigMaps. */
export const resourceFiles = named(({ resources = [] }) =>
  resources.filter((name) => name.endsWith(".yaml")),
);
export const patchFiles = named(({ patches = [] }) => patches.map(({ path }) => path));
export const configFiles = named(({ configMapGenerator = [] }) =>
  configMapGenerator.flatMap((map) => map.files),
);
export const chartFiles = [chartValues];

export const sourceManifests: readonly Manifest[] = resourceFiles.flatMap(readManifests);
export const patchManifests: readonly Manifest[] = patchFiles.flatMap(readManifests);

/** The chart's, which needs no program, and the overlays', where kustomize is there. */
export function renderings(): readonly Rendering[] {
  const chart = renderChart(parse(readText(chartValues), { version: "1.1" }));
  const rendered = [{ name: "helm", manifests: chart.map((object) => ({ where: "helm", object })) }];
  if (!hasKustomize) return rendered;
  return [...rendered, ...overlays.map((name) => ({ name, manifests: renderOverlay(name) }))];
}

function renderOverlay(name: string): readonly Manifest[] {
  return parseManifests(runKustomize(join(kubernetesFolder, name)), `kustomize ${name}`);
}

export function readText(file: string): string {
  return readFileSync(join(kubernetesFolder, file), "utf8");
}

function readManifests(file: string): readonly Manifest[] {
  return parseManifests(readText(file), file);
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
