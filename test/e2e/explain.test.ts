import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { beforeAll, expect, it } from "vitest";

import { cli } from "../support/cli.ts";
import { startProxy } from "../support/proxy.ts";
import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { writeConfig } from "../support/service.ts";

const day = 86_400;
let gateway: Pushgateway;
let prometheus: string;

beforeAll(async () => {
  const now = Date.now() / 1000;
  gateway = await startPushgateway({
    groups: ["web-1", "web-2"].map((instance) => ({
      labels: { job: "batch", instance },
      pushTime: now - 3 * day - 100,
    })),
  });
  const server = createServer((_, response) => {
    const result = [{ metric: { instance: "web-1" }, value: [now, "1"] }];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  prometheus = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async () => {
    server.close();
    await gateway.stop();
  };
});

function configFor(prometheusUrl: string): string {
  return writeConfig(`
pushgateways: [{ name: batch, url: "${gateway.url}" }, { name: gone, url: "http://127.0.0.1:1" }]
prometheus: { url: "${prometheusUrl}" }
limits: { max_outage: 0s }
archive: { dir: archive }
rules:
  - { name: hosts, matchers: ['job="batch"'], ttl: 30d, vanished: { query: up, label: instance, ttl: 1d } }
`);
}

it.each([
  [
    "web-1",
    /^ {2}Its last push was 3d1m\d+s ago, and its TTL is 30d: it expires in 26d\w+\.\n {2}keep \(within_ttl\): younger than its TTL\.$/m,
  ],
  [
    "web-2",
    /^ {2}Its last push was 3d1m\d+s ago, and its TTL is 1d, as Prometheus does not know its instance "web-2": it expired 2d1m\d+s ago\.\n {2}delete \(host_vanished\): its host has vanished.*\.$/m,
  ],
  [
    "web-3",
    /^ {2}no such group: `report` prints the labels.*\n {2}Was it deleted\? pushgateway-janitor archive list --config.file=\S+ --from=batch --match='{job="batch", instance="web-3"}' --exact$/m,
  ],
])("says of %s what a sweep of its gateway would do, with the numbers", async (instance, expected) => {
  const config = configFor(prometheus);
  const argv = ["explain", "job=batch", `instance=${instance}`, `--config.file=${config}`, "--only=batch"];
  const { exitCode, stdout, stderr } = await cli(argv);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toContain("hosts: matches, decides");
  expect(stdout).toMatch(expected);
});

it("says when Prometheus cannot be asked, and the host counts as alive", async () => {
  const config = configFor("http://127.0.0.1:1");
  const argv = ["explain", "job=batch", "instance=web-2", `--config.file=${config}`, "--only=batch"];
  const { exitCode, stdout, stderr } = await cli(argv);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ {2}Its host counts as alive: POST http:\/\/127\.0\.0\.1:1\/api\/v1\/query: /m);
  expect(stdout).toContain("keep (within_ttl)");
  expect(stderr).toContain('msg="Hosts count as alive, as their query failed" rules=hosts');
});

it("names a gateway that cannot be read, and fails", async () => {
  const argv = ["explain", "job=batch", `--config.file=${configFor(prometheus)}`, "--only=gone"];
  const { exitCode, stderr } = await cli(argv);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^gone: GET http:\/\/127\.0\.0\.1:1\//);
});

it("reads the gateway of a flag, too, and nothing for an age", async () => {
  const flags = [`--gateway=${gateway.url}`, "--ttl=1d"];
  const read = await cli(["explain", "job=batch", "instance=web-1", ...flags]);
  expect(read.stdout).toContain("delete (ttl_expired)");
  const offline = await cli(["explain", "job=batch", "--gateway=http://127.0.0.1:1", "--ttl=1d", "--age=2d"]);
  expect(offline).toMatchObject({ exitCode: 0, stderr: "" });
});

it("explains on the others, too, when several gateways are behind one address", async () => {
  let asked = 0;
  const front = await startProxy(gateway.url, async ({ path }, ask) => {
    const answer = await ask();
    if (path !== "/api/v1/status") return answer;
    asked += 1;
    const text = answer.body
      .toString()
      .replace(/(?<="start_time":")[^"]*/, `2026-11-30T12:00:${asked + 10}Z`);
    const body = Buffer.from(text);
    return { ...answer, headers: { ...answer.headers, "content-length": String(body.length) }, body };
  });
  const config = writeConfig(`
pushgateways: [{ name: many, url: "${front.url}" }, { name: batch, url: "${gateway.url}" }]
rules: [{ name: hosts, matchers: ['job="batch"'], ttl: 30d }]
`);
  const argv = ["explain", "job=batch", "instance=web-1", `--config.file=${config}`];
  const { exitCode, stdout, stderr } = await cli([...argv, "--only=many", "--only=batch"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^many: several gateways behind one address: .*$/m);
  expect(stdout).toContain("keep (within_ttl)");
});
