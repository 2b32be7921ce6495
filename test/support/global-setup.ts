import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installedGateways } from "./installed-gateways.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Once before all tests: there must be a real gateway to test against, and `dist/` for tests that start the program. */
export function setup(): void {
  if (installedGateways.length === 0) {
    throw new Error(
      "The tests run against a real Pushgateway, and this machine has none. `npm test` fetches it (by .ci/setup, into " +
        ".cache/); `npx vitest` alone does not. Elsewhere than on Debian put prometheus-pushgateway 1.5 or newer on the " +
        "PATH, or name it: PUSHGATEWAY=/path/to/prometheus-pushgateway npm test",
    );
  }
  if (existsSync(join(ROOT, "src/main.ts"))) build();
}

function build(): void {
  const { status, stdout, stderr } = spawnSync("sh", [".ci/build"], { cwd: ROOT, encoding: "utf8" });
  if (status === 0) return;
  const message = `The build of dist/ (.ci/build) fails, so tests that start the program would test an old one:\n${stdout}${stderr}`;
  if (process.env["CI"]) throw new Error(message);
  // Whoever is in the middle of a change may still want to run the tests of another part.
  console.warn(message);
}
