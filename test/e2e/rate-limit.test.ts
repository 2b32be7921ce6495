import { describe, expect, it, onTestFinished } from "vitest";

import { startProxy, type ProxiedAnswer } from "../support/proxy.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getJson } from "../support/push.ts";
import { cli, type CliResult } from "../support/cli.ts";

const groups = Array.from({ length: 40 }, (_, index) => ({
  labels: { job: "batch", instance: `host-${index}` },
  pushTime: Date.now() / 1000 - 86_400,
}));

/** Lets so many requests a second through, as exporter-toolkit's `rate_limit` does with a burst of as many. */
function createBucket(perSecond: number): () => boolean {
  let tokens = perSecond;
  let filledAt = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(perSecond, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

const refuse = (status: number, headers: ProxiedAnswer["headers"]): ProxiedAnswer => ({
  status,
  headers,
  body: Buffer.from("slow down"),
});

const once = (url: string): Promise<CliResult> =>
  cli([
    "once",
    `--gateway=${url}`,
    "--ttl=1h",
    "--limits.max-delete-ratio=1",
    "--limits.max-outage=0s",
    "--output=json",
  ]);

describe("a rate limit in front of the gateway", () => {
  it.each<[string, () => (method: string) => ProxiedAnswer | null]>([
    [
      "on DELETEs, that answers 429 with Retry-After",
      () => {
        const take = createBucket(8);
        return (method) => (method !== "DELETE" || take() ? null : refuse(429, { "retry-after": "1" }));
      },
    ],
    [
      "on all requests, that answers 429 with Retry-After",
      () => {
        const take = createBucket(12);
        return () => (take() ? null : refuse(429, { "retry-after": "1" }));
      },
    ],
    [
      "on every third DELETE, that answers 503 with Retry-After",
      () => {
        let count = 0;
        return (method) =>
          method === "DELETE" && (count += 1) % 3 === 0 ? refuse(503, { "retry-after": "0" }) : null;
      },
    ],
  ])(
    "%s: everything expired is deleted, and the sweep is a success",
    async (_, create) => {
      const gateway = await startPushgateway({ groups });
      onTestFinished(() => gateway.stop());
      const limit = create();
      const proxy = await startProxy(gateway.url, async ({ method }, ask) => limit(method) ?? ask());
      const { exitCode, stdout } = await once(proxy.url);
      const outcomes = (JSON.parse(stdout) as { gateways: { groups: { outcome: string }[] }[] }).gateways[0]
        ?.groups;
      expect(new Set(outcomes?.map(({ outcome }) => outcome))).toEqual(new Set(["gone"]));
      expect(outcomes?.length).toBe(groups.length);
      expect(exitCode).toBe(0);
      expect(await getJson(gateway.url, "/api/v1/metrics")).toMatchObject({ data: [] });
    },
    60_000,
  );

  it("that asks for an hour ends the sweep, which says so", async () => {
    const gateway = await startPushgateway({ groups });
    onTestFinished(() => gateway.stop());
    const proxy = await startProxy(gateway.url, async ({ method }, ask) =>
      method === "DELETE" ? refuse(429, { "retry-after": "3600" }) : ask(),
    );
    const { exitCode, stdout } = await once(proxy.url);
    expect(exitCode).toBe(21);
    expect(stdout).toContain("HTTP 429");
    expect(stdout).toContain("gateway_unhealthy");
  });
});
