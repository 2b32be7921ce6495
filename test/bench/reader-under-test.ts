import { systemClock } from "../../src/cli/system-clock.ts";
import { ApiReader, openApiSnapshot } from "../../src/gateway/api/api-reader.ts";
import { createHttpClient, type HttpClient } from "../../src/http/client.ts";
import { collectSnapshot, type OpenSnapshot } from "../../src/gateway/snapshot.ts";

// The one place where the benchmarks meet the reader of `GET /api/v1/metrics`.

const options = { naming: { utf8Names: false }, gauges: new Set<string>() };

/** Reads an answer that is at hand, and returns how many groups it has. */
export async function readChunks(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  const reader = new ApiReader({ method: "GET", url: "" }, options, ({ group }) => {
    if (group.obstacle === null) count += 1;
  });
  for await (const chunk of chunks) reader.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
  reader.end();
  return count;
}

/** Reads a gateway's answer, and returns how many groups it has. */
export async function readFrom(url: string): Promise<number> {
  return withClient(url, async (client) => countGroups(await openSnapshot(client)));
}

/** The same, and holds the groups as a sweep does. */
export async function collectFrom(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { groups } = await collectSnapshot(await openSnapshot(client), () => systemClock.monotonic());
    return groups.length;
  });
}

/** Takes the same answer over the same client and reads nothing of it. Returns its length in bytes. */
export async function drainFrom(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { body } = await client.open({ method: "GET", path: "/api/v1/metrics" });
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    return bytes;
  });
}

function openSnapshot(client: HttpClient): Promise<OpenSnapshot> {
  return openApiSnapshot(client, systemClock, options);
}

async function countGroups(open: OpenSnapshot): Promise<number> {
  let count = 0;
  await open.read(({ group }) => {
    if (group.obstacle === null) count += 1;
  });
  return count;
}

async function withClient<T>(url: string, work: (client: HttpClient) => Promise<T>): Promise<T> {
  const client = createHttpClient({ url, timeoutSeconds: 600 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
