import { execFile, execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { startLightGateway } from "../support/gateways.ts";
import { projectRoot } from "../support/project-root.ts";

const folder = mkdtempSync(join(tmpdir(), "package-"));
const clone = join(folder, "clone");
const installed = join(folder, "empty/node_modules/pushgateway-janitor");

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Packages of another folder, each by a link, so that nothing is fetched and nothing there can be changed. */
function linkPackages(to: string, isWanted: (name: string) => boolean): void {
  const { packages } = readJson(join(projectRoot, "package-lock.json")) as Lock;
  const names = Object.keys(packages).filter((name) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(name));
  for (const name of names.filter((name) => isWanted(name) && existsSync(join(projectRoot, name)))) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    symlinkSync(join(projectRoot, name), join(to, name));
  }
}

/** npm passes its settings on: those of `npm test` must not be the ones that are tested. Nothing is asked of a registry. */
const env = {
  PATH: process.env["PATH"],
  HOME: folder,
  npm_config_offline: "true",
  npm_config_audit: "false",
  npm_config_update_notifier: "false",
};

// Compilers and npm on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** @returns stdout */
function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, {
    cwd: clone,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The project as a fresh clone has it, with its packages installed. */
beforeAll(() => {
  const notCloned = new Set(["node_modules", "dist", "coverage", ".cache", ".git"]);
  cpSync(projectRoot, clone, {
    recursive: true,
    filter: (path) => !notCloned.has(relative(projectRoot, path)),
  });
  linkPackages(clone, () => true);
  symlinkSync(join(projectRoot, "node_modules/.bin"), join(clone, "node_modules/.bin"));
  // Newer than the lock file: nothing is missing.
  writeFileSync(join(clone, "node_modules/.package-lock.json"), "{}");
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("a package that is packed in a fresh clone", () => {
  beforeAll(() => {
    const archive = run("npm", "pack", `--pack-destination=${folder}`).trim();
    mkdirSync(installed, { recursive: true });
    run("tar", "-xzf", join(folder, archive), "--strip-components=1", `--directory=${installed}`);
    const { packages } = readJson(join(projectRoot, "package-lock.json")) as Lock;
    linkPackages(join(folder, "empty"), (name) => packages[name]?.dev !== true);
  });

  it("runs in an empty folder, with nothing but its dependencies", () => {
    const { bin, version } = readJson(join(installed, "package.json")) as {
      readonly bin: Readonly<Record<string, string>>;
      readonly version: string;
    };
    const program = join(installed, bin["pushgateway-janitor"] ?? "");
    const start = (...argv: readonly string[]): string =>
      execFileSync(process.execPath, [program, ...argv], { cwd: tmpdir(), encoding: "utf8" });
    expect(start("--version")).toBe(`pushgateway-janitor ${version}\n`);
    expect(start("demo")).toContain("14 groups, 8 kept, 6 deleted");
  });

  it("has a man page, and what its pages link to", () => {
    const { man } = readJson(join(installed, "package.json")) as { readonly man: readonly string[] };
    expect(readFileSync(join(installed, man[0] ?? ""), "utf8")).toMatch(/^\.TH PUSHGATEWAY-JANITOR 1 /m);
    const docs = readdirSync(join(installed, "docs"))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`);
    for (const page of ["README.md", ...docs]) {
      const text = readFileSync(join(installed, page), "utf8");
      const files = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target = ""]) => target);
      const missing = files.filter((file) => !existsSync(join(installed, dirname(page), file)));
      expect([page, missing]).toEqual([page, []]);
    }
  });

  it("holds no sources, tests or leftovers of the compiler", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(
      files.filter((file) => /^src\b|^test\/(?!bench)|\.ts$|\.map$|tsbuildinfo|\.built/.test(file)),
    ).toEqual([]);
  });
});

it("npm install -g . in a clone builds, and installs program and man page", () => {
  rmSync(join(clone, "dist"), { recursive: true, force: true });
  const prefix = join(folder, "prefix");
  run("npm", "install", "--global", `--prefix=${prefix}`, ".");
  const program = join(prefix, "bin/pushgateway-janitor");
  expect(execFileSync(program, ["--version"], { encoding: "utf8" })).toMatch(/^pushgateway-janitor \d/);
  expect(readFileSync(join(prefix, "share/man/man1/pushgateway-janitor.1"), "utf8")).toContain(".TH ");
});

describe("npm start", () => {
  it("prints nothing to stdout but what the command prints", async () => {
    const { stdout } = await promisify(execFile)(
      "npm",
      ["start", "--", "report", `--gateway=${await startLightGateway()}`, "--ttl=1d", "--output=json"],
      { cwd: clone, env },
    );
    expect(JSON.parse(stdout)).toMatchObject({ schema_version: 1 });
  });

  it("compiles when a source was changed, added or deleted, and not otherwise", () => {
    // Of all sources, one is enough.
    const small = join(folder, "small");
    for (const path of [".ci", "package.json", "tsconfig.json", "src/tsconfig.json"])
      cpSync(join(projectRoot, path), join(small, path), { recursive: true });
    symlinkSync(join(clone, "node_modules"), join(small, "node_modules"));
    const [main, dist] = [join(small, "src/main.ts"), join(small, "dist")];
    writeFileSync(main, "export const answer = 41;\n");
    const build = (): number => {
      run("sh", join(small, ".ci/build"));
      return statSync(join(dist, "main.js")).mtimeMs;
    };
    const first = build();
    expect(build()).toBe(first);

    appendFileSync(main, "export const changed = true;\n");
    expect(build()).toBeGreaterThan(first);
    expect(readFileSync(join(dist, "main.js"), "utf8")).toContain("changed");

    const added = join(small, "src/added.ts");
    writeFileSync(added, "export const added = true;\n");
    build();
    expect(existsSync(join(dist, "added.js"))).toBe(true);
    rmSync(added);
    build();
    expect(existsSync(join(dist, "added.js"))).toBe(false);
  });
});
