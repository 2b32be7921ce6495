import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { placesOf } from "./program-places.ts";
import { projectRoot } from "./project-root.ts";

/** What `.ci/setup` unpacked, what HELM and KUBECTL name, what the PATH holds. */
const helm = find("HELM", "helm", ["version"]);
export const kubectl = find("KUBECTL", "kubectl", ["version", "--client"]);

/** Whether there are none of them: tests that need them are left out, but not in CI. */
export const lacksKubernetesTools = helm === null || kubectl === null;
export const mayLackKubernetesTools = lacksKubernetesTools && !process.env["CI"];

/** Our chart. */
export const chartFolder = join(projectRoot, "config/helm");

interface ToolResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runHelm(...args: readonly string[]): ToolResult {
  return run(helm, args);
}

/**
 * Renders our chart with values as `--set` takes them.
 * @returns the manifests as YAML
 * @throws with what helm says
 */
export function renderChart(values: string, ...args: readonly string[]): string {
  return orThrow(runHelm("template", chartFolder, "--name-template=janitor", `--set=${values}`, ...args));
}

/**
 * Renders a folder with a kustomization.
 * @returns the manifests as YAML
 */
export function runKustomize(folder: string): string {
  return orThrow(run(kubectl, ["kustomize", folder]));
}

function run(program: string | null, args: readonly string[]): ToolResult {
  if (program === null)
    throw new Error(
      "no helm or no kubectl: .ci/setup fetches both; or put them on the PATH, or set HELM and KUBECTL",
    );
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (error) throw error;
  return { exitCode: status, stdout, stderr };
}

function orThrow({ exitCode, stdout, stderr }: ToolResult): string {
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

function find(variable: string, program: string, args: readonly string[]): string | null {
  for (const place of placesOf({ variable, folder: "kubernetes", program })) {
    if (spawnSync(place, args, { timeout: 10_000 }).status === 0) return place;
  }
  return null;
}
