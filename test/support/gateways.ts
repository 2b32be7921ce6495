import { onTestFinished } from "vitest";

import { startEmbeddedGateway } from "./embedded-gateway/embedded-gateway.ts";
import { startPushgateway } from "./pushgateway.ts";
import { getJson } from "./http.ts";

const year = 365 * 86_400;

/** One group that has long expired, and one that was just pushed. */
function groups() {
  const gauge = { name: "app_up", type: "gauge" as const, samples: [{ value: 1 }] };
  return [
    { labels: { job: "old" }, pushTime: Date.now() / 1000 - year, metrics: [gauge] },
    { labels: { job: "fresh" }, pushTime: Date.now() / 1000, metrics: [gauge] },
  ];
}

/** A real gateway with an old group and a fresh one, gone with the test. */
export async function startRealGateway(): Promise<string> {
  const gateway = await startPushgateway({ groups: groups() });
  onTestFinished(() => gateway.stop());
  return gateway.url;
}

/** As {@link startRealGateway}, in this process. */
export async function startLightGateway(): Promise<string> {
  const gateway = await startEmbeddedGateway({ groups: groups() });
  onTestFinished(() => gateway.close());
  return gateway.url;
}

/** The jobs that a gateway has groups of. */
export async function jobsOf(url: string): Promise<readonly string[]> {
  const { data } = await getJson<{ data: { labels: { job: string } }[] }>(url, "/api/v1/metrics");
  return data.map(({ labels }) => labels.job).toSorted();
}
