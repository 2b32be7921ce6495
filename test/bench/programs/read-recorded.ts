// Reads a recorded answer in memory by the reader and by JSON.parse, in turn: FILE GROUPS ROUNDS.
// Prints the seconds of each. Wants --expose-gc.
import { readFileSync } from "node:fs";

import { alternate } from "../alternate.ts";
import { readChunks } from "../reader-under-test.ts";

const [file = "", groups = "", rounds = ""] = process.argv.slice(2);
const body = readFileSync(file);
/** As they come from a socket. */
const chunkBytes = 64 * 1024;
const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, index) =>
  body.subarray(index * chunkBytes, (index + 1) * chunkBytes),
);

/** Each a moment later, as a body gives them. */
async function* eachChunk(): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

/** What one leaves behind, the other must not have to clean up. */
async function timed(work: () => number | Promise<number>): Promise<number> {
  globalThis.gc?.();
  const startedAt = performance.now();
  const found = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  if (found !== Number(groups)) throw new Error(`found ${found} groups instead of ${groups}`);
  return seconds;
}

// Compiled, as in a service: JSON.parse always is. What a fresh process takes shows in the figure of a whole report.
for (let round = 0; round < 5; round += 1) await readChunks(eachChunk());
const samples = await alternate(
  { rounds: Number(rounds) },
  {
    reader: () => timed(() => readChunks(eachChunk())),
    jsonParse: () =>
      timed(() => (JSON.parse(body.toString("utf8")) as { data: readonly unknown[] }).data.length),
  },
);
console.log(JSON.stringify(samples));
