import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedGateway, type EmbeddedGatewayOptions } from "./embedded-gateway.ts";
import { getJson, getText, send } from "../http.ts";
import { deleteGroup, push } from "../push.ts";

async function start(options: EmbeddedGatewayOptions) {
  const gateway = await startEmbeddedGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

test("lives by the clock it is given", async () => {
  let now = 1_000_000_000.5;
  const { url, store } = await start({ now: () => now });
  now += 60;
  await push(url, { job: "a" }, "x 1\n");
  now += 60;
  await push(url, { job: "a" }, "x 1\nx 1\n");
  expect(store.groups()).toMatchObject([
    { labels: { job: "a" }, pushTime: 1_000_000_060.5, failTime: 1_000_000_120.5 },
  ]);
  const { headers } = await send(url, { path: "/-/ready" });
  expect(headers.date).toBe("Sun, 09 Sep 2001 01:48:40 GMT");
  expect(await getJson(url, "/api/v1/status")).toMatchObject({
    data: { start_time: "2001-09-09T01:46:40.5Z" },
  });
});

test("starts again with what another one held, or had held before it was killed", async () => {
  const first = await start({ groups: [{ labels: { job: "seeded" }, pushTime: 1_000_000_000 }] });
  const persisted = first.store.groups();
  await push(first.url, { job: "pushed" }, "x 1\n");
  await deleteGroup(first.url, { job: "seeded" });
  const stopped = first.store.groups();
  await first.close();

  const jobs = ({ store }: typeof first) => store.groups().map(({ labels }) => labels["job"]);
  const restarted = await start({ state: stopped, port: first.port });
  expect(restarted.url).toBe(first.url);
  expect(jobs(restarted)).toEqual(["pushed"]);
  expect(restarted.store.groups()).toEqual(stopped);
  expect(jobs(await start({ state: persisted }))).toEqual(["seeded"]);
});

test("shows groups in an order that changes", async () => {
  const groups = Array.from({ length: 20 }, (_, index) => ({
    labels: { job: `j${index}` },
    pushTime: 1_000_000_000,
  }));
  const { url } = await start({ groups });
  const first = await getText(url, "/api/v1/metrics");
  const orders = await Promise.all([1, 2, 3].map(() => getText(url, "/api/v1/metrics")));
  expect(new Set(orders)).not.toEqual(new Set([first]));
});
