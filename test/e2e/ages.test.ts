import { beforeAll, describe, expect, it } from "vitest";

import { widthOf } from "../../src/core/printable.ts";
import { cli } from "../support/cli.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";

const minute = 60;
const hour = 3600;
const day = 86_400;

let gateway: Pushgateway;

beforeAll(async () => {
  const now = Date.now() / 1000;
  const groupsOf = (job: string, ages: readonly number[]) =>
    ages.map((age, index) => ({ labels: { job, instance: `host-${index}` }, pushTime: now - age - 30 }));
  gateway = await startPushgateway({
    groups: [
      ...groupsOf("batch", [5 * minute, 6 * minute, 7 * minute, 2 * day, 40 * day]),
      ...groupsOf("backup", [20 * hour, 400 * day]),
      { labels: { job: "refused", instance: "never" }, pushTime: 0 },
    ],
  });
  return () => gateway.stop();
});

/** Without the time since the gateway's start, which ages do not include. */
const report = (...flags: readonly string[]) =>
  cli(["report", `--gateway=${gateway.url}`, "--limits.max-outage=0s", ...flags]);

describe("a report without a TTL", () => {
  it("has the ages of each job and the command to go on with, instead of an error", async () => {
    const { exitCode, stdout, stderr } = await report();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [headline, ...lines] = stdout
      .replaceAll(/(?<=m)\d+s/g, "")
      .replaceAll(/(?<=\S) +|^ +/gm, " ")
      .split("\n");
    expect(headline).toContain(`${gateway.url} 8 groups`);
    expect(lines).toEqual([
      "",
      "GROUPS YOUNGEST MEDIAN OLDEST <1m <1h <1d <7d <30d <1y >1y JOB",
      " 5 5m 7m 40d ··· ███ ··· ▃▃▃ ···· ▃▃▃ ··· batch",
      " 2 20h 20h 400d ··· ··· ███ ··· ···· ··· ███ backup",
      " 1 ? ? ? ··· ··· ··· ··· ···· ··· ··· refused",
      " 8 5m 20h 400d ··· ███ ▃▃▃ ▃▃▃ ···· ▃▃▃ ▃▃▃ (all)",
      "",
      "Groups older than 1m: 7, 1h: 4, 1d: 3, 7d: 2, 30d: 2, 1y: 1",
      "Groups of unknown age: 1",
      "",
      "A TTL has to be longer than any pause between two pushes of a living job.",
      "This says what a TTL of 30d would delete, and deletes nothing:",
      "",
      ` pushgateway-janitor report --gateway=${gateway.url} --ttl=30d`,
      "",
      "`pushgateway-janitor suggest --prometheus=URL` derives TTLs from past pushes.",
      "",
    ]);
  });

  it("names a command that works, and finds as many groups as were counted", async () => {
    const command = /^ {2}pushgateway-janitor (.*)$/m.exec((await report()).stdout)?.[1] ?? "";
    const { exitCode, stdout } = await cli(command.split(" "));
    expect(exitCode).toBe(0);
    expect(stdout).toContain("2 to delete");
  });

  it("counts the groups that match, and prints as many jobs as asked for", async () => {
    const { stdout } = await report('--match=job=~"ba.*"', "--limit=1");
    expect(stdout).toContain("\n1 of 2 jobs shown\nGroups older than 1m: 7, 1h: 4,");
    expect(stdout).not.toContain("backup");
    expect(stdout).not.toContain("unknown");
  });

  it("fits 80 columns, plain where that is no terminal", async () => {
    const options = { columns: 80, env: { NO_COLOR: "1" } };
    const { stdout } = await cli(["report", `--gateway=${gateway.url}`], options);
    const table = stdout.split("\n").filter((line) => line.includes("█") || line.startsWith("GROUPS"));
    expect(table.length).toBe(4);
    expect(Math.max(...table.map(widthOf))).toBeLessThanOrEqual(80);
    expect((await report()).stdout).not.toContain("\u001B");
  });

  it("has them in JSON beside the groups, and as CSV", async () => {
    const json = JSON.parse((await report("--output=json")).stdout) as {
      gateways: { jobs: { job: string; youngest_seconds: number }[]; groups: object[] }[];
    };
    expect(json.gateways[0]?.groups).toHaveLength(8);
    expect(json.gateways[0]?.jobs).toMatchObject([
      { job: "batch", groups: 5, unknown: 0, up_to_1m: 0, up_to_1h: 3, up_to_7d: 1, up_to_1y: 1, older: 0 },
      { job: "backup", groups: 2, up_to_1d: 1, older: 1 },
      { job: "refused", groups: 1, unknown: 1, youngest_seconds: null, median_seconds: null },
    ]);
    const [header, batch, ...others] = (await report("--output=csv")).stdout.split("\r\n");
    expect(header).toBe(
      "\uFEFFgateway,job,groups,unknown,youngest_seconds,median_seconds,oldest_seconds,up_to_1m,up_to_1h,up_to_1d,up_to_7d,up_to_30d,up_to_1y,older",
    );
    expect(batch).toMatch(/,batch,5,0,33\d,45\d,34560\d\d,0,3,0,1,0,1,0$/);
    expect(others).toHaveLength(3);
  });

  it.each(["--verdict=keep", "--rule=x", "--sort=age", "--detailed-exitcode"])(
    "refuses %s, as nothing is decided",
    async (flag) => {
      const { exitCode, stderr } = await report(flag);
      expect(exitCode).toBe(2);
      expect(stderr).toBe(
        `${flag.replace(/=.*/, "")} needs --ttl=DURATION beside it: without a TTL nothing expires\n`,
      );
    },
  );
});
