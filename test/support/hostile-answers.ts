import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

import { apiGroup, pour, repeat, type Script } from "./scripted-gateway.ts";

export interface HostileAnswer {
  /** Where it is read. */
  readonly source: "api" | "exposition";
  readonly script: Script;
  /** How the sweep ends: the code of its error, or `ok`. */
  readonly ends: string;
}

const megabyte = "x".repeat(1024 * 1024);
const firstSample = 'push_failure_time_seconds{job="a",instance=""} 0\n';
const lastSamples = `push_time_seconds{job="a",instance=""} ${Date.now() / 1000}\npushgateway_build_info 1\n`;

type Part = string | (() => string);

/** Answers the request for all groups with this start, and then the same for ever, or so many times and an end. */
function body(
  start: string,
  part: Part,
  { parts, end }: { readonly parts?: number; readonly end?: string } = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  return (_, response) => {
    response.write(start);
    void pour(response, repeat(part, parts)).then(() => response.end(end));
  };
}

/** The same without HTTP's help: everything from the status line on. */
function raw(start: string, part: Part): (request: IncomingMessage) => void {
  return ({ socket }) => {
    socket.write(start);
    void pour(socket, repeat(part));
  };
}

const api = (
  ends: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): HostileAnswer => ({
  source: "api",
  ends,
  script: (request, response) => {
    if (request.url !== "/api/v1/metrics") return false;
    answer(request, response);
    return true;
  },
});

const exposition = (
  ends: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): HostileAnswer => ({
  source: "exposition",
  ends,
  script: (request, response) => {
    if (request.url !== "/metrics") return false;
    answer(request, response);
    return true;
  },
});

let count = 0;
const number = (): number => (count += 1);
const startOfGroup = '{"status":"success","data":[{"labels":{"job":"a"}';

/** Everything that a gateway, or who pushes to it, can make endless or larger than any memory. */
export const hostileAnswers: Readonly<Record<string, HostileAnswer>> = {
  "an endless key": api("timeout", body('{"status":"success","', megabyte)),
  "an endless name of a family": api("timeout", body(`${startOfGroup},"`, megabyte)),
  "an endless name of a label": api("timeout", body('{"status":"success","data":[{"labels":{"', megabyte)),
  "an endless value of a label": api(
    "timeout",
    body('{"status":"success","data":[{"labels":{"job":"', megabyte),
  ),
  "an endless value of escapes": api(
    "timeout",
    body('{"status":"success","data":[{"labels":{"job":"', "\\u0061\\n".repeat(100_000)),
  ),
  "labels without end": api(
    "timeout",
    body('{"status":"success","data":[{"labels":{"job":"a"', () => `,"n${number()}":"v"`.repeat(1000)),
  ),
  "an endless help text": api("timeout", body(`${startOfGroup},"m":{"help":"`, megabyte)),
  "an endless push time": api(
    "timeout",
    body(`${startOfGroup},"push_time_seconds":{"metrics":[{"value":"`, "1".repeat(100_000)),
  ),
  "series without end of the failure time": api(
    "timeout",
    body(`${startOfGroup},"push_failure_time_seconds":{"metrics":[{}`, () =>
      `,{"labels":{"n${number()}":"v"},"value":"1"}`.repeat(1000),
    ),
  ),
  "families without end": api(
    "timeout",
    body(startOfGroup, () => `,"m${number()}":{"metrics":[{"labels":{},"value":"1"}]}`.repeat(1000)),
  ),
  "native histograms without end": api(
    "timeout",
    body(startOfGroup, () =>
      Array.from({ length: 1000 }, () => `,"histogram_${number()}":{"metrics":[{"buckets":[]}]}`).join(""),
    ),
  ),
  "members of the answer without end": api(
    "timeout",
    body('{"status":"success"', () => Array.from({ length: 1000 }, () => `,"m${number()}":"v"`).join("")),
  ),
  "an error of 300 MB": api(
    "api_error",
    body('{"status":"error","error":"', megabyte, { parts: 300, end: '"}' }),
  ),
  "groups without end": api(
    "too_large",
    body(`{"status":"success","data":[${apiGroup({ job: "a" })}`, () =>
      Array.from({ length: 100 }, () => `,${apiGroup({ job: "a", host: `host-${number()}` })}`).join(""),
    ),
  ),
  "an error page without end": api("http_status", (request, response) => {
    response.statusCode = 500;
    body("<html>", megabyte)(request, response);
  }),
  "a status line without end": api("timeout", raw("HTTP/1.1 200 ", megabyte)),
  "a header without end": api("unreachable", raw("HTTP/1.1 200 OK\r\nx: ", megabyte)),
  "headers without end": api("unreachable", raw("HTTP/1.1 200 OK\r\n", "x: y\r\n".repeat(10_000))),
  "information without end": api(
    "unreachable",
    raw("", "HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n".repeat(1000)),
  ),
  "an extension of a chunk without end": api(
    "timeout",
    raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;", megabyte),
  ),
  "chunks of one byte": api(
    "timeout",
    raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{"\r\n', "1\r\nx\r\n".repeat(100_000)),
  ),
  "trailers without end": api(
    "unreachable",
    raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n".repeat(10_000)),
  ),
  "an endless line": exposition("timeout", body(firstSample, megabyte)),
  "an endless sample": exposition("timeout", body('push_failure_time_seconds{job="', megabyte)),
  "samples without end": exposition(
    "too_large",
    body(firstSample, () =>
      Array.from({ length: 1000 }, () => `push_failure_time_seconds{job="a",n="${number()}"} 1\n`).join(""),
    ),
  ),
  "a gzip bomb": exposition("ok", (_, response) => {
    response.setHeader("content-encoding", "gzip");
    const line = gzipSync(Buffer.alloc(8 * 1024 * 1024, "x"));
    // 256 MB of one line, in 256 kB.
    response.end(
      Buffer.concat([gzipSync(firstSample), ...Array(32).fill(line), gzipSync(`\n${lastSamples}`)]),
    );
  }),
};
