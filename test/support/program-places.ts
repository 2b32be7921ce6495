import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

import { projectRoot } from "./project-root.ts";

/** Where a real program that tests run may be. */
export interface ProgramPlaces {
  /** The environment variable that names it. */
  readonly variable: string;
  /** Below `.cache/`, what `.ci/setup` unpacked it into. */
  readonly folder: string;
  readonly program: string;
}

/** What the variable names, what `.ci/setup` unpacked, what the PATH holds; it may not be there. */
export function* placesOf({ variable, folder, program }: ProgramPlaces): Generator<string> {
  const named = process.env[variable];
  if (named) yield named;
  yield* unpackedPlaces(folder, program);
  yield* pathPlaces(program);
}

function unpackedPlaces(folder: string, program: string): readonly string[] {
  const unpacked = join(projectRoot, ".cache", folder);
  return listFolder(unpacked).map((suite) => join(unpacked, suite, "usr/bin", program));
}

export function pathPlaces(program: string): readonly string[] {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program));
}

/** In order; a folder that is not there has nothing in it. */
export function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
