import { setTimeout as sleep } from "node:timers/promises";

import { expect, it } from "vitest";

import { startBoundedService } from "../support/bounded-service.ts";
import type { Between, ProxiedAnswer } from "../support/proxy.ts";
import { createRandom } from "../support/random.ts";
import { nothing, startScene } from "./scene.ts";
import { seconds, seed } from "./settings.ts";

const random = createRandom(seed);

const shift = (answer: ProxiedAnswer, bySeconds: number): ProxiedAnswer => {
  const date = new Date(Date.parse(answer.headers.date ?? "") + bySeconds * 1000).toUTCString();
  return { ...answer, headers: { ...answer.headers, date } };
};

/** What a proxy may do to a request or its answer. None of it pretends to know what the gateway holds. */
const tricks: readonly Between[] = [
  () => Promise.resolve("cut"),
  async (_, ask) => (await ask(), "cut"),
  async (_, ask) => (await sleep(random() * 3000), ask()),
  async (_, ask) => {
    const answer = await ask();
    await sleep(random() * 3000);
    return answer;
  },
  () => {
    const status = [400, 401, 403, 404, 429, 500, 502, 503, 504][Math.floor(random() * 9)]!;
    const headers = { "retry-after": "1", date: new Date().toUTCString() };
    return Promise.resolve({ status, headers, body: Buffer.from("<html>no</html>") });
  },
  () => Promise.resolve({ status: 202, headers: { date: new Date().toUTCString() }, body: Buffer.alloc(0) }),
  async (_, ask) => {
    const answer = await ask();
    const body = answer.body.subarray(0, Math.floor(random() * answer.body.length));
    return { ...answer, headers: { ...answer.headers, "content-length": String(body.length) }, body };
  },
  async (_, ask) => {
    const { headers, ...answer } = await ask();
    const { date: __, ...others } = headers;
    return { ...answer, headers: others };
  },
  async (_, ask) => shift(await ask(), (random() - 0.5) * 20_000),
  async (_, ask) => shift(await ask(), (random() - 0.5) * 20),
];

it(`a proxy interferes at random, and nothing is lost (seed ${seed}, ${seconds} s)`, async () => {
  let isHostile = true;
  const answers = new Map<string, ProxiedAnswer>();
  const scene = await startScene(random, async (request, ask) => {
    const [path = ""] = request.path.split("?");
    const trick = tricks[Math.floor(random() * tricks.length * 5)];
    if (!isHostile) return ask();
    if (trick !== undefined) return trick(request, ask);
    // An answer of some time ago, as a cache has it.
    const known = answers.get(path);
    if (request.method === "GET" && known !== undefined && random() < 0.05) return known;
    const answer = await ask();
    answers.set(path, answer);
    return answer;
  });
  const service = await startBoundedService([`--config.file=${scene.configFile}`]);
  await sleep(seconds * 1000);
  isHostile = false;
  await scene.endPushing();
  await scene.everythingGone();
  await service.expectWell();
  expect(await scene.losses()).toEqual(nothing);
});
