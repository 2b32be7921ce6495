import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { listFolder, pathPlaces } from "./program-places.ts";
import { projectRoot } from "./project-root.ts";

export interface InstalledGateway {
  /** For test titles: `1.5.1 (bookworm)`. */
  readonly name: string;
  readonly version: string;
  readonly binary: string;
}

const CACHE = join(projectRoot, ".cache/pushgateway");
const BINARY = "prometheus-pushgateway";

/**
 * The real gateways of this machine, oldest version first, each version once: what `.ci/setup` unpacked, what the
 * variable PUSHGATEWAY names, what the PATH holds.
 */
export const installedGateways: readonly InstalledGateway[] = findGateways();

function findGateways(): readonly InstalledGateway[] {
  const found = new Map<string, InstalledGateway>();
  for (const [origin, binary] of candidates()) {
    const version = versionOf(binary);
    if (version === undefined || found.has(version)) continue;
    found.set(version, { name: `${version} (${origin})`, version, binary });
  }
  return [...found.values()].toSorted((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
}

function* candidates(): Generator<readonly [origin: string, binary: string]> {
  for (const suite of listFolder(CACHE)) yield [suite, join(CACHE, suite, "usr/bin", BINARY)];
  const named = process.env["PUSHGATEWAY"];
  if (named) yield ["PUSHGATEWAY", named];
  for (const name of [BINARY, "pushgateway"]) for (const place of pathPlaces(name)) yield ["PATH", place];
}

/** `undefined` if there is no such program, or if it is something else. */
function versionOf(binary: string): string | undefined {
  // 1.5 prints its version to stderr, later ones to stdout.
  const { stdout, stderr, error } = spawnSync(binary, ["--version"], { encoding: "utf8", timeout: 10_000 });
  if (error) return undefined;
  return /pushgateway, version (\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
}
