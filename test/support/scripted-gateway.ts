import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Writable } from "node:stream";

import { pathOf } from "./http.ts";
import { listen } from "./listen.ts";

/** Answers a request, if it likes to; what it leaves alone is answered as a gateway does. */
export type Script = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ScriptedGateway {
  readonly url: string;
  /** What was asked for, as `GET /metrics`, in order. */
  readonly requests: readonly string[];
}

export const okStatus = JSON.stringify({
  status: "success",
  data: { start_time: "2020-01-01T00:00:00Z", flags: {} },
});

/** A gateway without groups, but for what the script says; gone with the test. */
export async function startScriptedGateway(script: Script): Promise<ScriptedGateway> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    // Reads carry a query that no cache has seen.
    request.url = request.url?.replace(/\?.*/, "");
    requests.push(`${request.method} ${pathOf(request)}`);
    if (script(request, response)) return;
    if (request.method === "DELETE") response.statusCode = 202;
    if (pathOf(request) === "/api/v1/status") response.end(okStatus);
    else if (pathOf(request) === "/api/v1/metrics") response.end(apiAnswer([]));
    else if (pathOf(request) === "/metrics") response.end("pushgateway_build_info 1\n");
    else response.end("OK");
  });
  return { url: await listen(server), requests };
}

/** Of groups as {@link apiGroup} writes them. */
export function apiAnswer(groups: readonly string[]): string {
  return `{"status":"success","data":[${groups.join(",")}]}`;
}

/** A group that pushed once, long ago. @param families further ones, as JSON: `"name":{…}` */
export function apiGroup(labels: Readonly<Record<string, string>>, families: readonly string[] = []): string {
  const key = JSON.stringify(labels);
  const family = (value: string): string =>
    `{"time_stamp":"2020-01-01T00:00:00Z","type":"GAUGE","metrics":[{"labels":${key},"value":"${value}"}]}`;
  const members = [
    `"labels":${key}`,
    `"push_time_seconds":${family("1.5e+09")}`,
    `"push_failure_time_seconds":${family("0")}`,
    ...families,
  ];
  return `{${members.join(",")}}`;
}

/** Writes part after part, as fast as the other side reads and until it has gone. */
export async function pour(target: Writable, parts: Iterable<string | Buffer>): Promise<void> {
  const gone = new AbortController();
  target.on("error", () => gone.abort()).once("close", () => gone.abort());
  for (const part of parts) {
    if (gone.signal.aborted) return;
    if (!target.write(part)) await once(target, "drain", { signal: gone.signal }).catch(() => {});
  }
}

/** The same again and again, for ever unless told. */
export function* repeat(part: string | (() => string), times = Number.POSITIVE_INFINITY): Generator<string> {
  for (let count = 0; count < times; count += 1) yield typeof part === "string" ? part : part();
}
