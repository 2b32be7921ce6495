import { ApiReader, type ApiReadOptions } from "../../src/gateway/api/api-reader.ts";
import type { Group } from "../../src/core/group.ts";
import type { ReadGroup } from "../../src/gateway/snapshot.ts";

const request = { method: "GET", url: "http://gateway/api/v1/metrics" };

/** Reads bytes of an answer, cut into these chunks. */
export function readChunks(
  chunks: Iterable<Buffer>,
  visit: (read: ReadGroup) => void,
  options: Partial<Omit<ApiReadOptions, "signal">> = {},
): void {
  const reader = new ApiReader(
    request,
    { naming: { utf8Names: false }, gauges: new Set(), ...options },
    visit,
  );
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
}

/** Groups as the gateway's API would answer them. */
export function readGroups(
  data: readonly unknown[],
  options: Partial<Omit<ApiReadOptions, "signal">> = {},
): readonly Group[] {
  const groups: Group[] = [];
  const answer = Buffer.from(JSON.stringify({ status: "success", data }));
  readChunks([answer], ({ group }) => groups.push(group), options);
  return groups;
}
