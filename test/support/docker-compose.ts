import { spawnSync } from "node:child_process";

import { placesOf } from "./program-places.ts";

const places = { variable: "DOCKER_COMPOSE", folder: "docker-compose", program: "docker-compose" };

/**
 * Docker's own judge of compose files, which needs no engine for that: what `.ci/setup` unpacked, what DOCKER_COMPOSE names,
 * what the PATH holds. Only the second version, which knows today's format.
 */
const dockerCompose: string | null = findDockerCompose();

/** Whether tests that need it may be left out: on a machine without it, but not in CI. */
export const mayLackDockerCompose = dockerCompose === null && !process.env["CI"];

export interface DockerComposeResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runDockerCompose(args: readonly string[]): DockerComposeResult {
  if (dockerCompose === null) {
    throw new Error(
      "no docker-compose: .ci/setup fetches it; or put it on the PATH, or set DOCKER_COMPOSE=/path/to/it",
    );
  }
  const { status, stdout, stderr, error } = spawnSync(dockerCompose, args, { encoding: "utf8" });
  if (error) throw error;
  return { exitCode: status, stdout, stderr };
}

function findDockerCompose(): string | null {
  for (const candidate of placesOf(places)) {
    const { stdout } = spawnSync(candidate, ["version", "--short"], { encoding: "utf8", timeout: 10_000 });
    if (/^v?([2-9]|\d{2,})\./.test(stdout ?? "")) return candidate;
  }
  return null;
}
