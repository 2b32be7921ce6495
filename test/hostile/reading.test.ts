import { expect, it, onTestFinished } from "vitest";

import { startBoundedService } from "../support/bounded-service.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getText } from "../support/push.ts";
import { pour, startScriptedGateway } from "../support/scripted-gateway.ts";
import { never, writeConfig } from "../support/service.ts";
import { seconds } from "./settings.ts";

it(`a gateway whose answer never ends costs time, and only its own (${seconds} s)`, async () => {
  const endless = await startScriptedGateway(({ url }, response) => {
    if (url !== "/api/v1/metrics") return false;
    response.write('{"status":"success","data":[{"labels":{"job":"x"}');
    let count = 0;
    void pour(response, () => `,"name_${(count += 1)}":{"metrics":[{"labels":{},"value":"1"}]}`.repeat(1000));
    return true;
  });
  const gateway = await startPushgateway({ groups: [{ labels: { job: "old" }, pushTime: 1000 }] });
  onTestFinished(() => gateway.stop());
  const config = writeConfig(`
schedule: "${never}"
pushgateways:
  - { name: endless, url: "${endless.url}", timeout: ${seconds}s }
  - { name: honest, url: "${gateway.url}" }
limits: { max_delete_ratio: 1 }
rules: [{ name: all, matchers: [], ttl: 1h }]
`);
  const service = await startBoundedService([`--config.file=${config}`]);
  await service.ask("/-/sweep", { method: "POST", timeoutMs: (seconds + 60) * 1000 });
  await service.expectWell();
  expect(await service.metric('gateway_up{gateway="endless"}')).toBe("0");
  expect(await getText(gateway.url, "/metrics")).not.toContain('job="old"');
});
