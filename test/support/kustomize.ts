import { spawnSync } from "node:child_process";

import { pathPlaces, placesOf } from "./program-places.ts";

/** The command that renders a folder: of what `.ci/setup` unpacked, what KUSTOMIZE names, what the PATH holds, kubectl. */
const kustomize: readonly string[] | null = findKustomize();

/** Whether tests that need it may be left out: on a machine without it, but not in CI. */
export const mayLackKustomize = kustomize === null && !process.env["CI"];

export const hasKustomize = kustomize !== null;

/**
 * Renders a folder with a kustomization.
 * @returns the manifests as YAML
 */
export function runKustomize(folder: string): string {
  const [program, ...args] = kustomize ?? [];
  if (program === undefined) {
    throw new Error(
      "no kustomize: .ci/setup fetches it; or put it (or kubectl) on the PATH, or set KUSTOMIZE",
    );
  }
  const { status, stdout, stderr, error } = spawnSync(program, [...args, folder], { encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`kustomize cannot render ${folder}:\n${stderr}`);
  return stdout;
}

function findKustomize(): readonly string[] | null {
  for (const command of candidates()) {
    const [program = "", ...args] = command;
    if (spawnSync(program, [...args, "--help"], { timeout: 10_000 }).status === 0) return command;
  }
  return null;
}

function* candidates(): Generator<readonly string[]> {
  const places = placesOf({ variable: "KUSTOMIZE", folder: "kustomize", program: "kustomize" });
  for (const place of places) yield [place, "build"];
  for (const place of pathPlaces("kubectl")) yield [place, "kustomize"];
}
