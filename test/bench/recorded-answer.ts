import { createWriteStream, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Bench } from "./bench.ts";
import type { Fixture } from "./fixture.ts";

export interface RecordedAnswer {
  readonly file: string;
  readonly bytes: number;
}

/** What a real gateway filled like this answers to `GET /api/v1/metrics`; asked once a run. */
export async function recordAnswer({ folder, gateways }: Bench, fixture: Fixture): Promise<RecordedAnswer> {
  const file = join(folder, `answer-${fixture.groups}-${fixture.series}.json`);
  if (!existsSync(file)) await gateways.use(fixture, ({ url }) => download(`${url}/api/v1/metrics`, file));
  return { file, bytes: statSync(file).size };
}

async function download(url: string, file: string): Promise<void> {
  const { body, ok, status } = await fetch(url);
  if (!ok || body === null) throw new Error(`GET ${url}: ${status}`);
  await pipeline(Readable.fromWeb(body), createWriteStream(file));
}
