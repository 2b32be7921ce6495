import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Lints one file as if it stood in the project, by the project's own rules. */
function lint(path: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "layers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  return spawnSync(process.execPath, [oxlint, "--deny-warnings", "src"], { cwd: folder, encoding: "utf8" })
    .stdout;
}

describe("the linter", () => {
  it.each([
    ["src/core/planted.ts", 'export { x } from "../gateway/client.ts";', "core/ imports only core/"],
    ["src/core/planted.ts", 'export { x } from "node:fs";', "core/ imports only core/"],
    ["src/core/planted.ts", 'export { x } from "undici";', "core/ is pure"],
    ["src/core/planted.ts", "export const at = Date.now();", "time is a parameter"],
    ["src/core/planted.ts", "export const at = performance.now();", "time is a parameter"],
    ["src/core/planted.ts", "export const dice = Math.random();", "core/ is deterministic"],
    ["src/config/planted.ts", 'export { x } from "../gateway/client.ts";', "never a neighbour"],
    ["src/gateway/planted.ts", 'export { x } from "../config/load.ts";', "never a neighbour"],
    ["src/gateway/planted.ts", 'export { x } from "../prometheus/client.ts";', "never a neighbour"],
    ["src/http/planted.ts", 'export { x } from "../gateway/client.ts";', "never a neighbour"],
    ["src/config/planted.ts", 'export { x } from "../http/route.ts";', "never a neighbour"],
    ["src/archive/planted.ts", 'export { x } from "../sweep/sweep.ts";', "never a neighbour"],
    ["src/discovery/planted.ts", 'export { x } from "../gateway/client.ts";', "never a neighbour"],
    ["src/discovery/planted.ts", 'export { x } from "../config/url.ts";', "never a neighbour"],
    ["src/config/planted.ts", 'export { x } from "../discovery/look.ts";', "never a neighbour"],
    ["src/report/planted.ts", 'export { x } from "../gateway/client.ts";', "never a neighbour"],
    ["src/report/html/planted.ts", 'export { x } from "../../gateway/client.ts";', "never a neighbour"],
    ["src/telemetry/planted.ts", 'export { x } from "../cli/io.ts";', "never a neighbour"],
    [
      "src/sweep/planted.ts",
      'export { x } from "../discovery/look.ts";',
      "gets what it works with as arguments",
    ],
    ["src/sweep/planted.ts", 'export { x } from "../cli/io.ts";', "gets what it works with as arguments"],
    ["src/sweep/planted.ts", 'export { x } from "../http/route.ts";', "gets what it works with as arguments"],
    [
      "src/sweep/planted.ts",
      'export { x } from "../config/load.ts";',
      "gets what it works with as arguments",
    ],
    ["src/cli/planted.ts", 'export { x } from "../demo/embedded-gateway.ts";', "Only cli/demo.ts and tests"],
    ["src/demo/planted.ts", 'export { x } from "../core/labels.ts";', "a stand-in"],
    ["src/cli/planted.ts", "export const argv = process.argv;", "Only src/main.ts names the process"],
    ["src/cli/planted.ts", 'export { argv } from "node:process";', "Only src/main.ts names the process"],
    ["src/gateway/planted.ts", "console.log(1);", "no-console"],
  ])("catches in %s: %s", (path, line, message) => {
    expect(lint(path, `${line}\n`)).toContain(message);
  });

  it.each([
    ["src/gateway/planted.ts", 'export { quote } from "../core/labels.ts";'],
    ["src/gateway/planted.ts", 'export { x } from "../http/route.ts";'],
    ["src/prometheus/planted.ts", 'export { x } from "../http/route.ts";'],
    ["src/cli/planted.ts", 'export { sweepGateway } from "../sweep/sweep.ts";'],
    ["src/cli/demo.ts", 'export { startEmbeddedGateway } from "../demo/embedded-gateway.ts";'],
    ["src/main.ts", "export const argv = process.argv;"],
  ])("lets pass in %s: %s", (path, line) => {
    expect(lint(path, `${line}\n`)).toContain("Found 0 warnings and 0 errors");
  });
});
