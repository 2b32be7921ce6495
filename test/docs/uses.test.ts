import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { mayLackKustomize, runKustomize } from "../support/kustomize.ts";
import { janitorFile } from "../support/project-root.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { blocksOf, root } from "./pages.ts";

const daySeconds = 86_400;

/** What stands in the pages for the reader's own gateway. */
const gatewayOfThePages = "http://localhost:9091";

interface Reader {
  readonly folder: string;
  readonly url: string;
  /** Types a command as it stands in a page. */
  type(command: string): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** A reader with a gateway like that of the pages, in a folder with the janitor.yml of docs/by-hand.md. */
async function startReading(): Promise<Reader> {
  const now = Date.now() / 1000;
  const gateway = await startPushgateway({
    groups: [
      { labels: { job: "billing" }, pushTime: now - 200 * daySeconds },
      { labels: { job: "batch", instance: "old-1" }, pushTime: now - 62 * daySeconds },
      { labels: { job: "batch", instance: "web-2" }, pushTime: now - 690 },
    ],
  });
  onTestFinished(() => gateway.stop());
  const folder = mkdtempSync(join(tmpdir(), "reader-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const own = (text: string): string => text.replaceAll(gatewayOfThePages, gateway.url);
  writeFileSync(join(folder, "janitor.yml"), own(blocksOf("docs/by-hand.md", "yaml")[0] ?? ""));
  symlinkSync(join(root, "config"), join(folder, "config"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "pushgateway-janitor"),
    `#!/bin/sh\nexec "${process.execPath}" "${janitorFile}" "$@"\n`,
  );
  chmodSync(join(bin, "pushgateway-janitor"), 0o755);
  return {
    folder,
    url: gateway.url,
    async type(command) {
      const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
      const shell = spawn("/bin/sh", ["-ec", own(command)], {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [shell.stdout, shell.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      }
      const [exitCode] = (await once(shell, "close")) as [number];
      return { exitCode, output };
    },
  };
}

/** The commands of a page in order, with what continues them on the next line. */
function commandsOf(page: string): readonly string[] {
  return blocksOf(page, "sh").flatMap((block) => block.replaceAll("\\\n", "").trim().split("\n"));
}

describe("docs/by-hand.md", () => {
  it("leads from a first report to a sweep and back, command by command", { timeout: 120_000 }, async () => {
    const reader = await startReading();
    const outputs = new Map<string, string>();
    for (const command of commandsOf("docs/by-hand.md")) {
      const { exitCode, output } = await reader.type(command);
      expect([command, exitCode, output]).toEqual([command, 0, output]);
      outputs.set(command, output);
    }
    expect(outputs.get("pushgateway-janitor once --dry-run")).toContain(
      "delete   ttl_expired  everything-else",
    );
    expect(outputs.get("pushgateway-janitor once")).toMatch(/deleted +ttl_expired .*instance="old-1"/);
    expect([...outputs.values()].filter((output) => output.includes("1 restored"))).toHaveLength(1);
  });

  it("shows the reports as they are", async () => {
    const { type } = await startReading();
    const [ages, report] = commandsOf("docs/by-hand.md");
    const output = (await type(ages ?? "")).output + (await type(report ?? "")).output;
    const shown = blocksOf("docs/by-hand.md", "").join("\n").trim().split("\n");
    // Ages change while one looks.
    const rows = (lines: readonly string[]) =>
      lines.map((line) => line.replaceAll(/(?<= )(?:\d+[dhms])+(?= )/g, "").replaceAll(/ +/g, " "));
    expect(rows(output.split("\n"))).toEqual(expect.arrayContaining(rows(shown)));
  });
});

describe.each(["docs/sidecar.md", "docs/cronjob.md"])("%s", (page) => {
  const own = commandsOf(page).filter((command) => command.startsWith("pushgateway-janitor "));

  it.each(own)("has a command that works: %s", async (command) => {
    const reader = await startReading();
    const { exitCode, output } = await reader.type(command);
    expect([exitCode, output]).toEqual([0, output]);
    const textfile = /--metrics\.textfile=(\S+)/.exec(command)?.[1];
    if (textfile !== undefined && !existsSync(join(reader.folder, textfile)))
      throw new Error(`no ${textfile}`);
  });

  const rendered = commandsOf(page).filter((command) => command.startsWith("kubectl kustomize "));

  it.skipIf(mayLackKustomize).each(rendered)("renders what it says: %s", (command) => {
    expect(runKustomize(join(root, command.slice("kubectl kustomize ".length)))).toContain(
      "image: pushgateway-janitor:",
    );
  });
});

it.skipIf(mayLackKustomize)(
  "docs/sidecar.md shows an overlay with image and rules of one's own that renders",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "overlay-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    symlinkSync(join(root, "config"), join(folder, "config"));
    const overlay = blocksOf("docs/sidecar.md", "yaml")[0] ?? "";
    // Beside config/, as in the repository of somebody who keeps both.
    const path = join(folder, "own");
    mkdirSync(path);
    writeFileSync(join(path, "kustomization.yaml"), overlay.replace("PATH/config", "../config"));
    writeFileSync(join(path, "janitor.yml"), "# mine\n");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly version: string;
    };
    const rendered = runKustomize(path);
    expect(rendered).toContain("# mine");
    expect(rendered).not.toContain("dry_run");
    expect(rendered).toContain(`image: registry.example.com/pushgateway-janitor:${version}`);
  },
);
