import { describe, expect, it, onTestFinished } from "vitest";

import { startBoundedService } from "../support/bounded-service.ts";
import { hostileAnswers } from "../support/hostile-answers.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getText } from "../support/push.ts";
import { startScriptedGateway } from "../support/scripted-gateway.ts";
import { never, writeConfig } from "../support/service.ts";
import { seconds } from "./settings.ts";

describe("of two gateways, one", () => {
  it.each(Object.entries(hostileAnswers))("answers with %s", async (_, { source, script, ends }) => {
    const hostile = await startScriptedGateway(script);
    const gateway = await startPushgateway({ groups: [{ labels: { job: "old" }, pushTime: 1000 }] });
    onTestFinished(() => gateway.stop());
    const timeoutMs = Math.round((ends === "timeout" ? seconds / 3 : seconds + 60) * 1000);
    const config = writeConfig(`
schedule: "${never}"
pushgateways:
  - { name: hostile, url: "${hostile.url}", source: ${source}, timeout: ${timeoutMs}ms }
  - { name: honest, url: "${gateway.url}" }
limits: { max_delete_ratio: 1 }
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
    const service = await startBoundedService([`--config.file=${config}`]);
    await service.ask("/-/sweep", { method: "POST", timeoutMs: (seconds + 90) * 1000 });
    await service.expectWell();
    const { gateways } = JSON.parse((await service.ask("/api/v1/report")).body) as {
      gateways: { error?: { code: string } }[];
    };
    expect(gateways.map(({ error }) => error?.code ?? "ok")).toEqual([ends, "ok"]);
    expect(await getText(gateway.url, "/metrics")).not.toContain('job="old"');
  });
});
