import { setTimeout as sleep } from "node:timers/promises";

import { expect, it } from "vitest";

import { createRandom } from "../support/random.ts";
import { startService } from "../support/service.ts";
import { nothing, now, startScene } from "./scene.ts";
import { seconds, seed } from "./settings.ts";

it(`gateway and janitor are killed repeatedly, and nothing is lost (seed ${seed}, ${seconds} s)`, async () => {
  const random = createRandom(seed);
  const scene = await startScene(random, (_, ask) => ask().catch(() => "cut"));
  const { gateway, configFile } = scene;
  const end = now() + seconds;
  const killing = (async () => {
    while (now() < end) {
      await sleep(random() * 10_000);
      // Killed, it knows what it knew when it last wrote its state; or it writes that.
      if (random() < 0.7) await gateway.kill();
      await sleep(random() * 1000);
      await gateway.restart();
    }
  })();
  while (now() < end) {
    const service = await startService([`--config.file=${configFile}`]);
    await sleep(random() * 3000);
    service.process.kill("SIGKILL");
    await service.ended;
  }
  await killing;
  await scene.endPushing();
  await startService([`--config.file=${configFile}`]);
  await scene.everythingGone();
  expect(await scene.losses()).toEqual(nothing);
});
