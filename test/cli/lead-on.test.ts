import { describe, expect, it } from "vitest";

import type { Io } from "../../src/cli/io.ts";
import { leadOn } from "../../src/cli/lead-on.ts";
import { createProgram } from "../../src/cli/program.ts";
import { nameGateway, renderFlags } from "../../src/cli/settings.ts";
import { cli } from "../support/cli.ts";
import { listCommands } from "../docs/commands.ts";

const program = createProgram({ stdout: {}, stderr: {} } as Io, () => {});

describe("a command line", () => {
  it.each<[string, string]>([
    ["check janitor.yml", "check config janitor.yml"],
    ["check ./rules other.yml", "check config ./rules other.yml"],
    ["check config janitor.yml", "check config janitor.yml"],
    ["check --help", "check --help"],
    ["test janitor.test.yml --output=junit", "test rules janitor.test.yml --output=junit"],
    ["archive /var/lib/janitor --since=2h", "archive list /var/lib/janitor --since=2h"],
    ["help report", "report --help"],
    ["help check config", "check config --help"],
    ["help", "help"],
    ["version", "--version"],
    ["report --gateway=http://h:9091/metrics --ttl=1d", "report --gateway=http://h:9091 --ttl=1d"],
    ["report --gateway http://h:9091/prefix/metrics", "report --gateway http://h:9091/prefix"],
    ["report --gateway=http://h/metrics/metrics", "report --gateway=http://h/metrics"],
    ["report --gateway=http://h/api/v1/metrics", "report --gateway=http://h"],
    ["report --gateway=http://h/-/ready", "report --gateway=http://h"],
    ["report --gateway=http://h:9091/#", "report --gateway=http://h:9091"],
    ["report --gateway=http://h/metrics/", "report --gateway=http://h/metrics/"],
    ["report --gateway=http://metrics", "report --gateway=http://metrics"],
    ["delete --only=x url=http://h/metrics", "delete --only=x url=http://h/metrics"],
  ])("%s means %s", (typed, meant) => {
    expect(leadOn(typed.split(" "), program, () => {}).join(" ")).toBe(meant);
  });

  it("says once, without the URL, that it leaves out the path of an endpoint", async () => {
    const argv = ["report", "--gateway=http://user:secret@localhost:1/metrics", "--ttl=1d"];
    const { stderr } = await cli(argv);
    expect(stderr).toContain("--gateway: read without /metrics at its end, which the janitor adds itself");
    expect(stderr).not.toContain("secret");
  });

  it.each([
    ["--gateway=http://user:secret@h"],
    ["report", "--prometheus=http://user:secret@h"],
    ["report", "--gatwy=http://user:secret@h"],
  ])("%s %s is refused without the value of a flag that the command does not have", async (...argv) => {
    const { exitCode, stderr } = await cli(argv);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/^error: unknown option '--\w+'\n/)]);
  });

  it("keeps a route prefix that is called like an endpoint, in the commands that it prints", () => {
    const gateway = { name: "g", url: "http://h/metrics" };
    const flags = renderFlags(nameGateway({ gateway: [gateway.url] }, gateway));
    expect(leadOn(["once", ...flags], program, () => {})).toEqual(["once", "--gateway=http://h/metrics/"]);
  });

  it.each([
    [["reprot"], "(Did you mean report?)"],
    [["help", "reprot"], "(Did you mean report?)"],
    [["check", "confg"], "(Did you mean config?)"],
    [["report", "--otput=json"], "(Did you mean --output?)"],
    [["report", "--gatway", "http://h"], "(Did you mean --gateway?)"],
  ])("%j is refused with what is spelt alike", async (argv, suggestion) => {
    const { exitCode, stderr } = await cli(argv);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(suggestion) });
  });

  it.each([["-V"], ["--version"], ["version"]])("%s prints the version", async (word) => {
    expect(await cli([word])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^pushgateway-janitor \d/),
    });
  });
});

describe("--help", () => {
  const names = ["", "check", "test", "archive", ...listCommands().map(({ name }) => name)];

  it.each(names)("of %j has examples, and fits 80 columns", async (name) => {
    const { exitCode, stdout } = await cli([...name.split(" "), "-h"].filter((word) => word !== ""));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}# .*\n {2}pushgateway-janitor /);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("groups the flags of a command, what it reads first and the limits last", async () => {
    const headings = (await cli(["once", "--help"])).stdout.match(/^\S.*:$/gm);
    expect(headings).toEqual([
      "Gateways and rules:",
      "Options:",
      "Output:",
      "Limits, instead of those of the file:",
      "Others:",
      "Examples:",
    ]);
    expect((await cli(["archive", "--help"])).stdout.match(/^\S.*:$/gm)).toEqual([
      "Options:",
      "Commands:",
      "Others:",
      "Examples:",
    ]);
  });
});
