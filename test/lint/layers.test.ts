import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

type Planted = readonly [path: string, text: string, message: string];

const forbidden: readonly Planted[] = [
  ["src/core/planted.ts", 'export { x } from "../gateway/gateway.ts";', "core/ imports only core/"],
  ["src/core/planted.ts", 'export { x } from "node:fs";', "core/ imports only core/"],
  ["src/core/planted.ts", 'export { x } from "undici";', "core/ is pure"],
  ["src/core/planted.ts", "export const at = Date.now();", "time is a parameter"],
  ["src/core/planted.ts", "export const at = performance.now();", "time is a parameter"],
  ["src/core/planted.ts", "export const dice = Math.random();", "core/ is deterministic"],
  ["src/config/planted.ts", 'export { x } from "../gateway/gateway.ts";', "never a neighbour"],
  ["src/gateway/planted.ts", 'export { x } from "../config/load.ts";', "never a neighbour"],
  ["src/gateway/planted.ts", 'export { x } from "../prometheus/client.ts";', "never a neighbour"],
  ["src/http/planted.ts", 'export { x } from "../gateway/gateway.ts";', "never a neighbour"],
  ["src/config/planted.ts", 'export { x } from "../http/route.ts";', "never a neighbour"],
  ["src/archive/planted.ts", 'export { x } from "../sweep/sweep.ts";', "never a neighbour"],
  ["src/discovery/planted.ts", 'export { x } from "../gateway/gateway.ts";', "never a neighbour"],
  ["src/discovery/planted.ts", 'export { x } from "../config/url.ts";', "never a neighbour"],
  ["src/config/planted.ts", 'export { x } from "../discovery/discovery.ts";', "never a neighbour"],
  ["src/report/planted.ts", 'export { x } from "../gateway/gateway.ts";', "never a neighbour"],
  ["src/report/html/planted.ts", 'export { x } from "../../gateway/gateway.ts";', "never a neighbour"],
  ["src/notify/planted.ts", 'export { x } from "../report/text.ts";', "never a neighbour"],
  ["src/notify/planted.ts", 'export { x } from "../config/config.ts";', "never a neighbour"],
  ["src/telemetry/planted.ts", 'export { x } from "../cli/io.ts";', "never a neighbour"],
  [
    "src/sweep/planted.ts",
    'export { x } from "../discovery/discovery.ts";',
    "gets what it works with as arguments",
  ],
  ["src/sweep/planted.ts", 'export { x } from "../cli/io.ts";', "gets what it works with as arguments"],
  ["src/sweep/planted.ts", 'export { x } from "../http/route.ts";', "gets what it works with as arguments"],
  ["src/sweep/planted.ts", 'export { x } from "../config/load.ts";', "gets what it works with as arguments"],
  ["src/doctor/planted.ts", 'export { x } from "../report/text.ts";', "The doctor imports core/"],
  ["src/doctor/planted.ts", 'export { x } from "../cli/io.ts";', "The doctor imports core/"],
  ["src/gateway/planted.ts", 'export { x } from "../doctor/examine.ts";', "never a neighbour"],
  [
    "src/sweep/planted.ts",
    'export { x } from "../doctor/examine.ts";',
    "gets what it works with as arguments",
  ],
  ["src/service/planted.ts", 'export { x } from "../doctor/examine.ts";', "Only cli/ imports doctor/"],
  ["src/service/planted.ts", 'export { x } from "../demo/demo-gateway.ts";', "Only cli/demo.ts and tests"],
  ["src/service/planted.ts", 'export { x } from "../cli/io.ts";', "service/ imports fleet/ and below"],
  ["src/fleet/planted.ts", 'export { x } from "../cli/io.ts";', "fleet/ imports sweep/ and below"],
  ["src/fleet/planted.ts", 'export { x } from "../service/service.ts";', "fleet/ imports sweep/ and below"],
  ["src/sweep/planted.ts", 'export { x } from "../fleet/fleet.ts";', "gets what it works with as arguments"],
  ["src/cli/planted.ts", 'export { x } from "../demo/demo-gateway.ts";', "Only cli/demo.ts and tests"],
  ["src/rule-tests/planted.ts", 'export { x } from "../gateway/client.ts";', "Rule tests need no gateway"],
  ["src/demo/planted.ts", 'export { x } from "../core/labels.ts";', "a stand-in"],
  [
    "test/support/embedded-gateway/planted.ts",
    'export { x } from "../../../src/core/labels.ts";',
    "written apart from the janitor",
  ],
  ["src/cli/planted.ts", "export const argv = process.argv;", "Only src/main.ts names the process"],
  ["src/cli/planted.ts", 'export { argv } from "node:process";', "Only src/main.ts names the process"],
  ["src/gateway/planted.ts", "console.log(1);", "Unexpected console statement"],
];

const allowed: readonly (readonly [path: string, text: string])[] = [
  ["src/rule-tests/planted.ts", 'export { loadConfig } from "../config/load.ts";'],
  ["src/gateway/planted.ts", 'export { quote } from "../core/labels.ts";'],
  ["src/gateway/planted.ts", 'export { x } from "../http/route.ts";'],
  ["src/prometheus/planted.ts", 'export { x } from "../http/route.ts";'],
  ["src/discovery/planted.ts", 'export { x } from "../http/client.ts";'],
  ["src/notify/planted.ts", 'export { x } from "../http/client.ts";'],
  ["src/sweep/planted.ts", 'export { x } from "../http/request-error.ts";'],
  ["src/doctor/planted.ts", 'export { x } from "../gateway/gateway.ts";'],
  ["src/doctor/planted.ts", 'export { x } from "../http/route.ts";'],
  ["src/cli/planted.ts", 'export { examine } from "../doctor/examine.ts";'],
  ["src/cli/planted.ts", 'export { sweepGateway } from "../sweep/sweep.ts";'],
  ["src/fleet/planted.ts", 'export { sweepGateway } from "../sweep/sweep.ts";'],
  ["src/service/planted.ts", 'export { Fleet } from "../fleet/fleet.ts";'],
  ["src/cli/demo.ts", 'export { startDemoGateway } from "../demo/demo-gateway.ts";'],
  ["src/main.ts", "export const argv = process.argv;"],
];

/** What the project's own rules say to each of these files, all planted in one tree: `path: message, help` by index. */
function lintAll(files: readonly (readonly [path: string, text: string])[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "layers-"));
  try {
    copyFileSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    const planted = files.map(([path, text], index) => {
      const file = path.replace("planted", `planted-${index}`);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${text}\n`);
      return file;
    });
    const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
    const args = [oxlint, "--deny-warnings", "--format=json", "src", "test"];
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: { filename: string; message: string; help?: string }[];
    };
    return planted.map((file) =>
      diagnostics
        .filter(({ filename }) => filename === file)
        .map(({ message, help }) => `${message} ${help}`)
        .join("\n"),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the linter", () => {
  const said = lintAll([...forbidden, ...allowed].map(([path, text]) => [path, text] as const));

  it.each(forbidden.map((row, index) => [...row, index] as const))(
    "catches in %s: %s",
    (_, __, message, index) => {
      expect(said[index]).toContain(message);
    },
  );

  it.each(allowed.map(([path, text], index) => [path, text, index] as const))(
    "lets pass in %s: %s",
    (_, __, index) => {
      expect(said[forbidden.length + index]).toBe("");
    },
  );
});
