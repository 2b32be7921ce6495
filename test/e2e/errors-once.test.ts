import { beforeAll, describe, expect, it } from "vitest";

import { cli } from "../support/cli.ts";
import { push } from "../support/push.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { writeConfig } from "../support/service.ts";

let gateway: Pushgateway;

/** Nothing listens there. */
const dead = "http://127.0.0.1:9";

beforeAll(async () => {
  const pushTime = Date.now() / 1000 - 7200;
  const groups = Array.from({ length: 30 }, (_, index) => ({ labels: { job: `j${index}` }, pushTime }));
  gateway = await startPushgateway({ groups });
  return () => gateway.stop();
});

/** On a terminal both streams are on the screen. */
async function onScreen(argv: readonly string[], columns?: number): Promise<string> {
  const config = writeConfig(`
pushgateways: [{ name: up, url: "${gateway.url}" }, { name: down, url: "${dead}" }]
limits: { max_outage: 0s }
rules: [{ name: everything, matchers: [], ttl: 1h }]
`);
  const options = { env: { NO_COLOR: "1" }, ...(columns === undefined ? {} : { columns }) };
  const { stdout, stderr } = await cli([...argv, `--config.file=${config}`], options);
  return stdout + stderr;
}

const count = (text: string, part: string): number => text.split(part).length - 1;

const reports = ["table", "summary", "csv", "none", "markdown", "html", "json"].map((output) => [
  "report",
  `--output=${output}`,
]);

describe.each([
  ...reports,
  ["once", "--dry-run"],
  ["once", "--dry-run", "--output=none"],
  ["once", "--dry-run", "--output=json"],
  ["delete", "job=j1", "--dry-run"],
  ["explain", "job=j1", "--only=down"],
])("%s %s %s", (...argv) => {
  it("says once on a terminal that a gateway is down", async () => {
    expect(count(await onScreen(argv, 80), "ECONNREFUSED")).toBe(1);
  });
});

describe.each(reports)("%s %s", (...argv) => {
  it("says it once elsewhere, too, and so what a limit withheld", async () => {
    const text = await onScreen(argv);
    expect(count(text, "ECONNREFUSED")).toBe(1);
    expect(count(text, "30 of 30 groups have expired")).toBe(1);
  });
});

it("once has what a limit withheld in the table alone, on a terminal", async () => {
  const text = await onScreen(["once"], 80);
  expect(count(text, "30 of 30 groups have expired")).toBe(1);
  expect(text).not.toContain("msg=");
});

it("once logs no deletions to a terminal, where the report has them, unless they are asked for", async () => {
  const pushTime = Date.now() / 1000 - 7200;
  const groups = ["a", "b"].map((job) => ({ labels: { job }, pushTime }));
  const two = await startPushgateway({ groups });
  const once = (ttl: string, ...more: string[]) =>
    cli(["once", `--gateway=${two.url}`, `--ttl=${ttl}`, "--limits.max-outage=0s", ...more], { columns: 80 });
  const quiet = await once("1h");
  expect(quiet.stdout).toContain("2 deleted");
  expect(quiet.stderr).not.toContain("msg=");
  await push(two.url, { job: "c" }, "x 1\n");
  // A group is younger than nothing for a moment of the gateway's clock only.
  await expect
    .poll(async () => (await once("1ms", "--log.level=info")).stderr)
    .toContain('msg="Deleted group"');
  await two.stop();
});

it("report gives no advice on TTLs of a gateway that is down, and doctor names it by its URL", async () => {
  const report = await cli(["report", `--gateway=${dead}`], { columns: 80, env: { NO_COLOR: "1" } });
  expect(report.stdout).toBe(`${dead}  failed\n`);
  const doctor = await cli(["doctor", `--gateway=${dead}`], { columns: 80, env: { NO_COLOR: "1" } });
  expect(doctor.stdout).toContain(`✗ ${dead}  cannot be examined`);
});

it("doctor says once that a gateway is down", async () => {
  const { stdout, stderr } = await cli(["doctor", `--gateway=${dead}`], { columns: 80 });
  expect(count(stdout + stderr, "ECONNREFUSED")).toBe(1);
});

it("forty gateways with the same error are one line, which names all of them", async () => {
  const down = Array.from({ length: 40 }, (_, index) => `gw-${index + 1}`);
  const listed = down.map((name) => `{ name: ${name}, url: "${dead}/${name}" }`).join(", ");
  const file = writeConfig(`
pushgateways: [${listed}, { name: up, url: "${gateway.url}" }, { name: nowhere, url: "http://nowhere.invalid" }]
rules: [{ name: everything, matchers: [], ttl: 1d }]
`);
  const { exitCode, stdout, stderr } = await cli(["report", `--config.file=${file}`], { columns: 80 });
  expect(exitCode).toBe(21);
  const [refused, unknown, ...others] = stderr.split("\n");
  expect(refused).toMatch(/^40 gateways failed: GET …\/api\/v1\/status: connect ECONNREFUSED …: /);
  expect(refused).toContain(`(${down.join(", ")})`);
  expect(unknown).toMatch(/^nowhere: failed: GET http:\/\/nowhere\.invalid\/api\/v1\/status: /);
  expect(others).toEqual([""]);
  // A line for each gateway that is down, and the report of the one that is up.
  expect(stdout.split("\n").length).toBeLessThan(60);
});
