import { createServer, type ServerResponse } from "node:http";

import { isProbe, pathOf } from "./http.ts";
import { listen } from "./listen.ts";

export interface HangingGateway {
  readonly url: string;
  /** Resolves when a request hangs. */
  readonly reached: Promise<void>;
  /** Answers what hangs with this status, and from then on everything at once. */
  release(status?: number): void;
}

/**
 * A gateway with one old group, that answers everything but hangs at requests that begin like this: `GET /api`.
 * @param after how many of them are answered before
 */
export async function serveHanging(at: string, after = 0): Promise<HangingGateway> {
  let reach = (): void => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const hanging: ServerResponse[] = [];
  let released = false;
  let answered = 0;
  let deleted = false;
  const family = (value: string): object => ({
    time_stamp: "2020-01-01T00:00:00Z",
    type: "GAUGE",
    metrics: [{ labels: { job: "a" }, value }],
  });
  const group = {
    labels: { job: "a" },
    push_time_seconds: family("1e9"),
    push_failure_time_seconds: family("0"),
  };
  const status = { status: "success", data: { start_time: "2020-01-01T00:00:00Z", flags: {} } };
  const answer = (path: string): string => {
    if (path === "/api/v1/status") return JSON.stringify(status);
    if (path === "/api/v1/metrics")
      return JSON.stringify({ status: "success", data: deleted ? [] : [group] });
    return "OK";
  };
  const server = createServer((request, response) => {
    const [method, url] = [request.method, pathOf(request)];
    if (!released && `${method} ${url}`.startsWith(at) && (answered += 1) > after) {
      hanging.push(response);
      return reach();
    }
    if (method === "DELETE") {
      deleted ||= !isProbe(url);
      response.statusCode = 202;
    }
    response.end(answer(url));
  });
  return {
    url: await listen(server),
    reached,
    release(statusCode = 200) {
      released = true;
      for (const response of hanging.splice(0)) {
        const [method, url] = [response.req.method, pathOf(response.req)];
        if (method === "DELETE" && statusCode === 202 && !isProbe(url)) deleted = true;
        response.statusCode = statusCode;
        response.end(answer(url));
      }
    },
  };
}
