import { systemClock } from "../../src/cli/system-clock.ts";
import { openApiSnapshot } from "../../src/gateway/api-reader.ts";
import { createGatewayClient, type GatewayClient } from "../../src/gateway/client.ts";
import { collectSnapshot, type OpenSnapshot } from "../../src/gateway/snapshot.ts";

// The one place where the benchmarks meet the reader of `GET /api/v1/metrics`.

/** Reads an answer that is at hand, and returns how many groups it has. */
export async function readChunks(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  return countGroups(await openSnapshot(answering(chunks)));
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

/** Takes the same answer over the same client and looks at nothing. Returns its length in bytes. */
export async function drainFrom(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { body } = await client.open({ method: "GET", path: "/api/v1/metrics" });
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    return bytes;
  });
}

function openSnapshot(client: GatewayClient): Promise<OpenSnapshot> {
  return openApiSnapshot(client, systemClock, { naming: { utf8Names: false }, gauges: new Set() });
}

async function countGroups({ groups }: OpenSnapshot): Promise<number> {
  let count = 0;
  for await (const { group } of groups) if (group.obstacle === null) count += 1;
  return count;
}

async function withClient<T>(url: string, work: (client: GatewayClient) => Promise<T>): Promise<T> {
  const client = createGatewayClient({ url, timeoutSeconds: 600 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A client whose every answer has this body. */
function answering(body: AsyncIterable<Uint8Array>): GatewayClient {
  return {
    open: () => Promise.resolve({ status: 200, headers: {}, body, close: () => {} }),
    send: () => Promise.reject(new Error("a reader only opens")),
    urlOf: (path) => path,
    close: () => Promise.resolve(),
  };
}
