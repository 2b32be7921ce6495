import { expect, it, onTestFinished } from "vitest";

import { startBoundedService } from "../support/bounded-service.ts";
import { hostileAnswers } from "../support/hostile-answers.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getText } from "../support/push.ts";
import { startScriptedGateway } from "../support/scripted-gateway.ts";
import { never, writeConfig } from "../support/service.ts";

it("answers without end cost their own gateway's sweep, and nothing else", async () => {
  const endless = Object.entries(hostileAnswers).filter(([, { ends }]) => ends === "timeout");
  const hostile = await Promise.all(
    endless.map(async ([name, { source, script }]) => {
      const { url } = await startScriptedGateway(script);
      return `  - { name: ${name}, url: "${url}", source: ${source}, timeout: 500ms }`;
    }),
  );
  const gateway = await startPushgateway({ groups: [{ labels: { job: "old" }, pushTime: 1000 }] });
  onTestFinished(() => gateway.stop());
  const config = writeConfig(`
schedule: "${never}"
pushgateways:
${hostile.join("\n")}
  - { name: honest, url: "${gateway.url}" }
limits: { max_delete_ratio: 1 }
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
  const service = await startBoundedService([`--config.file=${config}`]);
  await service.post("/-/sweep");
  await service.expectWell();
  const { gateways } = JSON.parse((await service.ask("/api/v1/report")).body) as {
    gateways: { name: string; error?: { code: string } }[];
  };
  expect(Object.fromEntries(gateways.map(({ name, error }) => [name, error?.code ?? "ok"]))).toEqual({
    ...Object.fromEntries(endless.map(([name]) => [name, "timeout"])),
    honest: "ok",
  });
  expect(await getText(gateway.url, "/metrics")).not.toContain('job="old"');
});
