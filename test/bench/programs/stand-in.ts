// Serves an answer of the API as fast as it is taken, without a gateway's work behind it:
//   --file=FILE      a recorded one
//   --bytes=NUMBER   one of 1,000 groups that is at least so long, made up as it is sent
// Prints its URL when it listens.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import { parseArgs } from "node:util";

import { longAnswer } from "../long-answer.ts";
import { pathOf } from "../../support/http.ts";

const { values } = parseArgs({ options: { file: { type: "string" }, bytes: { type: "string" } } });
const recorded = values.file === undefined ? null : readFileSync(values.file);
const startTime = new Date(Date.now() - 86_400_000).toISOString();
const status = { status: "success", data: { start_time: startTime, flags: {}, build_information: {} } };

const server = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  if (pathOf(request) === "/api/v1/status") return void response.end(JSON.stringify(status));
  if (pathOf(request) === "/-/healthy" || pathOf(request) === "/-/ready") return void response.end("OK");
  if (pathOf(request) !== "/api/v1/metrics") return void response.writeHead(404).end();
  if (recorded !== null) return void response.end(recorded);
  // At no time is there more of it than what the client is about to take; whether it takes it all is its own affair.
  pipeline(Readable.from(longAnswer(Number(values.bytes), Date.now() / 1000)), response, () => {});
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
