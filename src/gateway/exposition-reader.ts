import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";

import type { Clock } from "../core/clock.ts";
import { labelsKey, createLabels, type Labels } from "../core/labels.ts";
import type { GatewayClient } from "./client.ts";
import { expectSuccess } from "./expect-success.ts";
import { GatewayError } from "./gateway-error.ts";
import { gatewayTimeAtStart } from "./gateway-time.ts";
import { parseFiniteNumber } from "./numbers.ts";

/** The push times of all groups, by {@link expositionKey}. Unix seconds; null: unreadable. */
export interface PushTimes {
  /** As in a snapshot: when the request was sent, monotonic seconds. */
  readonly requestedAt: number;
  readonly durationSeconds: number;
  /** The gateway's time at that moment, Unix seconds. */
  readonly takenAt: number;
  readonly success: ReadonlyMap<string, number | null>;
  /** As pushed: unlike in the API there is no time stamp to hold a forged one against. */
  readonly failure: ReadonlyMap<string, number | null>;
}

/**
 * A group's key as the text exposition tells it: there every series has an `instance`, empty if its group has none.
 * Two groups that differ only by that would make the exposition inconsistent, and the gateway answers 500 then.
 */
export function expositionKey(labels: Labels): string {
  return labelsKey(labels.has("instance") ? labels : createLabels([...labels, ["instance", ""]]));
}

/**
 * Reads only the push times, from `GET /metrics`: half the bytes and, compressed, a thirtieth of the API's, at half the
 * cost for the gateway.
 * @throws {@link GatewayError} also while the gateway is inconsistent: then it answers 500
 */
export async function readPushTimes(
  client: GatewayClient,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<PushTimes> {
  const path = "/metrics";
  const request = { method: "GET", url: client.urlOf(path) };
  const requestedAt = clock.monotonic();
  const localNow = clock.now();
  const response = await client.open({
    method: "GET",
    path,
    headers: { accept: "text/plain;version=0.0.4", "accept-encoding": "gzip" },
    signal,
  });
  const time = gatewayTimeAtStart(response.headers.date, clock.monotonic() - requestedAt, localNow);
  if (response.status !== 200) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    expectSuccess(request, { ...response, text: Buffer.concat(chunks).subarray(0, 4096).toString("utf8") });
  }

  const success = new Map<string, number | null>();
  const failure = new Map<string, number | null>();
  const compressed = response.headers["content-encoding"] === "gzip";
  const text = compressed ? Readable.from(response.body).pipe(createGunzip()) : response.body;
  try {
    for await (const line of readLines(text)) {
      if (line.startsWith("push_time_seconds{")) readSample(line, success, request);
      else if (line.startsWith("push_failure_time_seconds{")) readSample(line, failure, request);
    }
  } catch (error) {
    response.close();
    if (error instanceof GatewayError) throw error;
    throw new GatewayError("truncated", request, "the exposition breaks off or is not valid gzip", error);
  }
  return {
    requestedAt,
    durationSeconds: clock.monotonic() - requestedAt,
    takenAt: time.now,
    success,
    failure,
  };
}

async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  // The exposition ends with a newline: an unfinished last line means that the rest of it is missing, too.
  if (rest !== "") throw new Error("unfinished line");
}

const sample = /^[a-z_]+\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*",?)*)\} (\S+)$/;

function readSample(
  line: string,
  times: Map<string, number | null>,
  request: { method: string; url: string },
): void {
  const match = sample.exec(line);
  if (match === null) {
    throw new GatewayError(
      "unexpected_answer",
      request,
      `a line of the exposition cannot be read: ${line.slice(0, 200)}`,
    );
  }
  const [, labelText = "", value] = match;
  const pairs = [...labelText.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, name = "", escaped = ""]) => [name, unescapeValue(escaped)] as const,
  );
  const key = labelsKey(createLabels(pairs));
  // A pusher can give the failure time several series; those with labels beyond the key never match a group.
  times.set(key, parseFiniteNumber(value));
}

function unescapeValue(escaped: string): string {
  return escaped.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
