import type { IncomingHttpHeaders } from "node:http";

import { Pool, ProxyAgent, errors, type Dispatcher } from "undici";

import { startDeadline, type Deadline } from "./deadline.ts";
import { GatewayError } from "./gateway-error.ts";

/** How to reach one gateway. */
export interface ClientOptions {
  /** `http://host:9091/prefix`, without a slash at the end. */
  readonly url: string;
  /** For one whole request, body included. Over 0. */
  readonly timeoutSeconds: number;
  /** Sent with every request: credentials and the like. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Options of Node's `tls.connect`. */
  readonly tls?: TlsOptions;
  readonly proxyUrl?: string;
}

export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

export interface ClientRequest {
  readonly method: "GET" | "DELETE" | "PUT" | "POST";
  /** Below the gateway's prefix; goes onto the wire as it is. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Instead of the client's own timeout. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal | undefined;
  /** On a connection of its own, beside a request that takes long. */
  readonly aside?: boolean;
}

/** A response whose headers have come. The body must be read to its end or closed. */
export interface OpenResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Throws {@link GatewayError} when it breaks off or the deadline passes. */
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

export interface GatewayClient {
  /**
   * Sends one request and resolves when the headers have come, whatever the status. Redirects are not followed.
   * @throws {@link GatewayError}
   */
  open(request: ClientRequest): Promise<OpenResponse>;
  /**
   * Sends one request and reads the whole answer, of which only the first 64 KiB are kept.
   * @throws {@link GatewayError}
   */
  send(request: ClientRequest): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>;
  /** The full URL of a path, for messages. */
  urlOf(path: string): string;
  close(): Promise<void>;
}

const keptBytes = 64 * 1024;

/**
 * An HTTP client for one gateway.
 *
 * Paths are handed to undici verbatim, never through `URL`: URL parsers fold `..` segments, and the DELETE of
 * `{job="a", x=".."}` would become the DELETE of `{job="a"}`.
 */
export function createGatewayClient(options: ClientOptions): GatewayClient {
  const { origin, pathname } = new URL(options.url);
  const prefix = pathname.replace(/\/+$/, "");
  // What is read and what is deleted goes over one connection: behind a load balancer it then reaches one and the same gateway.
  const dispatcher = createDispatcher(origin, options);
  const asideDispatcher = createDispatcher(origin, options);
  const urlOf = (path: string): string => `${origin}${prefix}${path}`;

  async function open(request: ClientRequest): Promise<OpenResponse> {
    const timeoutSeconds = request.timeoutSeconds ?? options.timeoutSeconds;
    const deadline = startDeadline(timeoutSeconds * 1000, request.signal);
    const fail = (error: unknown): GatewayError =>
      toGatewayError(error, { method: request.method, url: urlOf(request.path) }, deadline, timeoutSeconds);
    try {
      const asked = (request.aside === true ? asideDispatcher : dispatcher).request({
        origin,
        method: request.method,
        path: prefix + request.path,
        headers: { "user-agent": "pushgateway-janitor", ...options.headers, ...request.headers },
        body: request.body ?? null,
        signal: deadline.signal,
      });
      const response = await unlessAborted(asked, deadline.signal);
      return {
        status: response.statusCode,
        headers: response.headers,
        body: readBody(response.body, deadline, fail),
        close() {
          deadline.clear();
          // Nobody listens any more; without a listener the abort would surface as an uncaught error.
          response.body.on("error", () => {}).destroy();
        },
      };
    } catch (error) {
      deadline.clear();
      throw fail(error);
    }
  }

  return {
    open,
    async send(request) {
      const { status, headers, body } = await open(request);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of body) {
        if (size < keptBytes) chunks.push(chunk);
        size += chunk.length;
      }
      return { status, headers, text: Buffer.concat(chunks).subarray(0, keptBytes).toString("utf8") };
    },
    urlOf,
    async close() {
      await Promise.all([dispatcher.destroy(), asideDispatcher.destroy()]);
    },
  };
}

function createDispatcher(origin: string, { tls, proxyUrl, timeoutSeconds }: ClientOptions): Dispatcher {
  const timeouts = {
    // One deadline over the whole request stands above these; undici's own are per part, and late below a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const connect = { ...tls, timeout: Math.min(timeoutSeconds, 10) * 1000 };
  return proxyUrl === undefined
    ? new Pool(origin, { ...timeouts, connect, connections: 1, pipelining: 1 })
    : new ProxyAgent({ ...timeouts, uri: proxyUrl, requestTls: connect, connections: 1 });
}

/**
 * Rejects when the signal aborts, whether or not the promise ever settles: undici tries for ever to reach a proxy that closes
 * the connection on CONNECT, and does not look at the signal meanwhile (7.30).
 */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error("aborted"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function* readBody(
  body: AsyncIterable<Buffer>,
  deadline: Deadline,
  fail: (error: unknown) => GatewayError,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw fail(error);
  } finally {
    deadline.clear();
  }
}

function toGatewayError(
  error: unknown,
  request: { method: string; url: string },
  deadline: Deadline,
  timeoutSeconds: number,
): GatewayError {
  if (deadline.expired()) {
    const what = `no answer within ${timeoutSeconds} s; if the gateway is that slow, raise its timeout`;
    return new GatewayError("timeout", request, what, error);
  }
  if (deadline.signal.aborted) return new GatewayError("aborted", request, "interrupted", error);
  if (error instanceof errors.SocketError) {
    return new GatewayError(
      "no_answer",
      request,
      "the connection was closed before the answer was complete",
      error,
    );
  }
  if (error instanceof errors.ResponseContentLengthMismatchError || error instanceof errors.HTTPParserError) {
    return new GatewayError("truncated", request, `the answer is broken: ${error.message}`, error);
  }
  return new GatewayError("unreachable", request, describeCause(error), error);
}

function describeCause(error: unknown): string {
  // Happy eyeballs: several attempts, several errors, an empty message.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(describeCause))].join("; ");
  return error instanceof Error ? error.message : String(error);
}
