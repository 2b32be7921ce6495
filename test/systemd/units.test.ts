import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { cli } from "../support/cli.ts";

const folder = new URL("../../config/systemd/", import.meta.url).pathname;
const files = readdirSync(folder).toSorted((a, b) => a.localeCompare(b));
const units = files.filter((name) => !name.endsWith(".conf"));
const dropIns = "pushgateway-janitor-once.service.d";
const services = units.filter((name) => name.endsWith(".service"));
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

const systemdAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
const mayLackSystemd = !systemdAnalyze && !process.env["CI"];

/** The lines of a setting, comments left out. */
function settings(unit: string, key: string): readonly string[] {
  return [...read(unit).matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

/** Of 0 to 10: what a taken-over process could still do to the machine. Network access alone is 0.8. */
const worstExposure = 1.5;

describe.skipIf(mayLackSystemd)("the systemd units", () => {
  let copies: string;
  beforeAll(() => {
    copies = mkdtempSync(join(tmpdir(), "units-"));
    mkdirSync(join(copies, dropIns));
    for (const name of files) {
      // systemd looks whether the program is there, which it need not be here.
      writeFileSync(
        join(copies, units.includes(name) ? "" : dropIns, name),
        read(name).replaceAll("/usr/local/bin/pushgateway-janitor", process.execPath),
      );
    }
    return () => rmSync(copies, { recursive: true });
  });
  const analyze = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { cwd: copies, encoding: "utf8" });
    return { status, output: stdout + stderr };
  };

  it("are what systemd understands", () => {
    expect(analyze("verify", "--man=no", ...units.map((name) => `./${name}`))).toEqual({
      status: 0,
      output: "",
    });
  });

  it.each(services)("%s confines the process", (name) => {
    const threshold = String(worstExposure * 10);
    expect(analyze("security", "--offline=true", `--threshold=${threshold}`, `./${name}`)).toMatchObject({
      status: 0,
    });
  });
});

describe("the systemd services", () => {
  it.each([...services, "textfile.conf"])("%s starts a command with flags that exist", async (name) => {
    const line = settings(name, "ExecStart").at(-1) ?? "";
    const [program, command = "", ...flags] = line.split(" ");
    expect(program).toBe("/usr/local/bin/pushgateway-janitor");
    const { stdout } = await cli([command, "--help"]);
    for (const flag of flags) expect(stdout).toContain(`${flag.split("=")[0]} `);
  });

  it("have the same sandbox, down to the last comment", () => {
    const sandboxes = services.map(
      (name) => /^# Confinement[^]*?(?=\n\n|\n?$(?![^]))/m.exec(read(name))?.[0],
    );
    expect(new Set(sandboxes).size).toBe(1);
    expect(sandboxes[0]).toContain("SystemCallFilter");
  });

  it.each(services)("%s lets V8 compile and names be looked up", (name) => {
    expect(settings(name, "MemoryDenyWriteExecute")).toEqual([]);
    expect(settings(name, "RestrictAddressFamilies").join(" ").split(" ")).toContain("AF_UNIX");
  });

  it("do not retry what a retry cannot fix, and give a sweep time to end", () => {
    expect(settings("pushgateway-janitor.service", "RestartPreventExitStatus")).toEqual(["2"]);
    for (const name of services) expect(settings(name, "TimeoutStopSec")).toEqual(["10s"]);
  });
});
