import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { projectRoot } from "../support/project-root.ts";
import { testFolder } from "../support/service.ts";

interface Job {
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly needs?: string;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[];
}
interface Workflow {
  readonly permissions: object;
  readonly concurrency: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(projectRoot, ".github/workflows");
const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  const { jobs, permissions, concurrency } = parse(text) as Workflow;
  return { name, text, permissions, concurrency, jobs: Object.entries(jobs) };
});
const runs = workflows.flatMap(({ jobs }) =>
  jobs.flatMap(([, { steps = [] }]) => steps.flatMap(({ run }) => run ?? [])),
);

describe.each(workflows)("$name", ({ text, permissions, concurrency, jobs }) => {
  it("gives each job the permissions that it names, and nothing to the rest", () => {
    expect(permissions).toEqual({});
    expect(jobs.filter(([, job]) => job.permissions === undefined)).toEqual([]);
  });

  it("lets nothing run twice at a time, or for ever", () => {
    expect(concurrency).toBeDefined();
    const endless = jobs.filter(([, job]) => job.uses === undefined && !job["timeout-minutes"]);
    expect(endless).toEqual([]);
  });

  it("pins every action to a commit, and says which version that is", () => {
    const actions = [...text.matchAll(/uses: (.*)/g)].map(([, action = ""]) => action);
    const isLocal = (action: string) =>
      action.startsWith("./") && existsSync(join(projectRoot, action.slice(2)));
    const isPinned = (action: string) => /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action);
    expect(actions.filter((action) => !isLocal(action) && !isPinned(action))).toEqual([]);
  });

  it("leaves no token in the checkout", () => {
    const checkouts = jobs.flatMap(([, { steps = [] }]) =>
      steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")),
    );
    for (const step of checkouts) expect(step.with).toEqual({ "persist-credentials": false });
  });
});

describe("the commands of the workflows", () => {
  it.each(runs)("are shell, run files that exist, and take nothing from an event: %s", (run) => {
    expect(spawnSync("bash", ["-n"], { input: run, encoding: "utf8" })).toMatchObject({ status: 0 });
    const files = [...run.matchAll(/\bsh (\.ci\/\w+)/g)].map(([, file = ""]) => file);
    expect(files.filter((file) => !existsSync(join(projectRoot, file)))).toEqual([]);
    // Text of an expression would be part of the script.
    expect(run).not.toContain("${{");
  });
});

it("a release needs the tests", () => {
  const jobs = workflows.find(({ name }) => name === "release.yml")?.jobs ?? [];
  const needs = Object.fromEntries(jobs.map(([name, job]) => [name, job.needs]));
  expect(needs).toEqual({ check: undefined, image: "check", release: "image" });
});

it(".ci/image builds on the digests that its bases have now, at the time of the commit", () => {
  const bin = testFolder();
  const docker = `#!/bin/sh\n[ "$2" = imagetools ] && echo sha256:now || echo "$SOURCE_DATE_EPOCH $@"\n`;
  writeFileSync(join(bin, "docker"), docker, { mode: 0o755 });
  // In a container, the folder belongs to somebody else.
  const trust = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };
  const env = { ...process.env, ...trust, PATH: `${bin}:${process.env["PATH"]}` };
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { cwd: projectRoot, env, encoding: "utf8" }).trim();
  const [time, revision] = run("git", "log", "-1", "--format=%ct %H").split(" ");
  const built = run("sh", ".ci/image", "--tag=x");
  expect(built).toMatch(
    new RegExp(`^${time} buildx build .* --build-arg=REVISION=${revision} .* --tag=x \\.$`),
  );
  for (const base of ["BUILD_IMAGE", "RUN_IMAGE"])
    expect(built).toMatch(new RegExp(`=${base}=\\S+:\\S+@sha256:`));
});

it("every file names the repository that package.json names", () => {
  const { repository } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
    readonly repository: { readonly url: string };
  };
  const named = execFileSync(
    "grep",
    [
      "-rhoE",
      "https://github.com/[^/]+/pushgateway-janitor",
      "config",
      "docs",
      ".github",
      "README.md",
      "SECURITY.md",
    ],
    { cwd: projectRoot, encoding: "utf8" },
  );
  expect([...new Set(named.trim().split("\n"))]).toEqual([repository.url.replace(/^git\+(.*)\.git$/, "$1")]);
});
