import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type Agent, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { renderProblem } from "../../../src/config/file/problem.ts";
import type { WebConfig } from "../../../src/config/web/web-config.ts";
import { loadWebConfig } from "../../../src/config/web/load-web-config.ts";
import type { WebHandlers } from "../../../src/service/web/routes.ts";
import {
  startWebServer,
  type WebServer,
  type WebServerOptions,
} from "../../../src/service/web/web-server.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";

export const handlers: WebHandlers = {
  metrics: () => Promise.resolve({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
  ready: () => true,
  reload: () => Promise.resolve({ ok: true, message: "reloaded" }),
  sweep: () => Promise.resolve({ status: 200, message: "swept" }),
  group: () => Promise.resolve({ status: 200, text: "up 1\n" }),
  configText: () => "schedule: x\n",
  report: (query) => Promise.resolve({ status: 200, body: JSON.stringify(Object.fromEntries(query)) }),
  page: (query, _client, nonce) =>
    Promise.resolve({ status: 200, body: [`<style nonce="${nonce}"></style>`, `[${query.get("q")}]`] }),
};

export interface TestServer extends WebServer {
  readonly port: number;
  /** Everything logged so far. */
  log(): string;
}

export interface TestServerOptions extends Partial<Omit<WebServerOptions, "handlers">> {
  readonly handlers?: Partial<WebHandlers>;
}

/** A server on a free port of the loopback, closed with the test. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const lines: string[] = [];
  const server = await startWebServer({
    listenAddress: "127.0.0.1:0",
    webConfig: null,
    enableLifecycle: true,
    log: createLogger("debug", "logfmt", (line) => lines.push(line)),
    ...options,
    handlers: { ...handlers, ...options.handlers },
  });
  onTestFinished(() => server.close(0));
  return { ...server, port: Number(server.address.split(":").at(-1)), log: () => lines.join("") };
}

/** Files of a web configuration in a folder that goes with the test. */
export function webFiles(files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "web-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

export async function load(path: string): Promise<WebConfig> {
  const result = await loadWebConfig(path);
  if (!result.ok) throw new Error(result.problems.map(renderProblem).join("\n"));
  return result.config;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
  /** Where it comes from, as 127.0.0.2. */
  readonly localAddress?: string;
  /** HTTPS with these options. */
  readonly tls?: ConnectionOptions;
}

/** One request, on a connection of its own unless there is an agent. Rejects when the connection breaks. */
export function ask(port: number, path: string, question: Question = {}): Promise<Answer> {
  const { method = "GET", headers, body, agent, localAddress, tls } = question;
  const request = tls === undefined ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers, agent: agent ?? false, localAddress, ...tls },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const whole = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: whole,
            text: whole.toString(),
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** What a server says on a raw connection until it closes it. */
export function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
    // A reset ends it as well as an orderly close.
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

export function basic(user: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
