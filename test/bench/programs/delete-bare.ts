// Deletes the first COUNT groups of a fixture, as fast as they go and looking at nothing: URL COUNT CONNECTIONS.
// Prints the seconds from the first request to the last answer.
import { Pool } from "undici";

import { groupLabels } from "../fixture.ts";

const [url = "", count = "", connections = ""] = process.argv.slice(2);
const pool = new Pool(url, { connections: Number(connections), pipelining: 1 });
const paths = Array.from({ length: Number(count) }, (_, index) => {
  const { job, instance } = groupLabels(index);
  return `/metrics/job/${job}/instance/${instance}`;
});
const waiting = paths.values();

async function deleteInTurn(): Promise<void> {
  for (const path of waiting) {
    const { statusCode, body } = await pool.request({ method: "DELETE", path });
    await body.dump();
    if (statusCode !== 202) throw new Error(`DELETE ${path}: ${statusCode}`);
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, deleteInTurn));
const seconds = (performance.now() - startedAt) / 1000;
await pool.close();
console.log(JSON.stringify(seconds));
