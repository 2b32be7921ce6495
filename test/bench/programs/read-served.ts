// Reads a served answer by the reader, and only takes it, in turn: URL ROUNDS. Prints the seconds of each,
// and how long the answer is.
import { alternate } from "../alternate.ts";
import { drainFrom, readFrom } from "../reader-under-test.ts";

const [url = "", rounds = ""] = process.argv.slice(2);

async function timed(work: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

let bytes = 0;
const samples = await alternate(
  { rounds: Number(rounds) },
  {
    reader: () => timed(() => readFrom(url)),
    drain: () => timed(async () => (bytes = await drainFrom(url))),
  },
);
console.log(JSON.stringify({ ...samples, bytes }));
