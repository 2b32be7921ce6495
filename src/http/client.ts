import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { NotSent, RequestError, type Approach } from "./request-error.ts";
import { explainConnectionError, guessAtSilence } from "./connection-causes.ts";
import { displayProxy, proxyAuthorization } from "./proxy.ts";
import { createRedact, type Redact } from "./redact.ts";
import { createRoute, type Route } from "./route.ts";
import type { ServerOptions } from "./server-options.ts";
import { startDeadline, type Deadline } from "./deadline.ts";
import { errors, type Dispatcher } from "undici";

export interface ClientRequest {
  readonly method: "GET" | "DELETE" | "PUT" | "POST";
  /** Below the gateway's prefix; goes onto the wire as it is. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Instead of the client's own timeout. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * - `main` (default): the one connection for reads and deletions
   * - `aside`: a second one, for what must not wait behind a long read
   * - `fresh`: opened for this request alone; only with {@link HttpClient.send}
   */
  readonly connection?: "main" | "aside" | "fresh";
  /**
   * The request is sent at most once, and only if this says yes when its connection is ready. Such requests may share the
   * connection with others of their kind that are not answered yet.
   */
  readonly maySend?: () => boolean;
  /** Without the query that keeps caches from answering: not every server ignores what it does not know. */
  readonly mayBeCached?: boolean;
}

/** A response whose headers have come. The body must be read to its end or closed. */
export interface OpenResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** How it was asked for, for messages. */
  readonly approach: Approach;
  /** Throws {@link RequestError} when it breaks off or the deadline passes. */
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

export interface WholeResponse extends Omit<OpenResponse, "body" | "close"> {
  readonly text: string;
}

export interface HttpClient {
  /**
   * Sends one request and resolves when the headers have come, whatever the status. Redirects are not followed.
   * @throws {@link RequestError}
   */
  open(request: ClientRequest): Promise<OpenResponse>;
  /**
   * Sends one request and reads the whole answer, of which only the first 64 KiB are kept.
   * @throws {@link RequestError}, and {@link NotSent} if `maySend` said no
   */
  send(request: ClientRequest): Promise<WholeResponse>;
  /** The full URL of a path, for messages: without a query, which may hold a secret. */
  urlOf(path: string): string;
  /** Every word of the server passes this before it is shown. */
  readonly redact: Redact;
  /** How many `main` connections have been opened so far: one, as long as it is kept open. */
  connectionsOpened(): number;
  close(): Promise<void>;
}

const keptBytes = 64 * 1024;

/** Answers like 103 that may come before the real one. undici takes any number of them, hundreds of thousands at a time. */
const maxInfos = 16;

/**
 * An HTTP client for one gateway.
 *
 * Paths are handed to undici verbatim, never through `URL`: URL parsers fold `..` segments, and the DELETE of
 * `{job="a", x=".."}` would become the DELETE of `{job="a"}`.
 */
export function createHttpClient(options: ServerOptions): HttpClient {
  const { origin, pathname } = new URL(options.url);
  const prefix = pathname.replace(/\/+$/, "");
  // What is read and what is deleted goes over one connection: behind a load balancer it then reaches one and the same gateway.
  const route = createRoute(origin, options);
  const asideRoute = createRoute(origin, options);
  let connectionsOpened = 0;
  route.dispatcher.on("connect", () => (connectionsOpened += 1));
  const once = sendOnce(route.dispatcher);
  const freshQuery = createFreshQuery();
  const urlOf = (path: string): string => `${origin}${prefix}${path.replace(/\?.*$/s, "")}`;
  const redact = createRedact(options.secrets ?? []);
  const approachOf = describeApproach(options, redact);

  async function open(request: ClientRequest, over = routeFor(request)): Promise<OpenResponse> {
    const timeoutSeconds = request.timeoutSeconds ?? options.timeoutSeconds;
    const approach = approachOf(request.method);
    const deadline = startDeadline(timeoutSeconds * 1000, request.signal);
    const fail = (error: unknown): RequestError =>
      toGatewayError(error, urlOf(request.path), approach, deadline, timeoutSeconds);
    const { pathStart, headers } = over;
    try {
      const query = request.method === "GET" && request.mayBeCached !== true ? freshQuery(request.path) : "";
      const sent: SendOptions = {
        method: request.method,
        path: pathStart + prefix + request.path + query,
        headers: { "user-agent": "pushgateway-janitor", ...options.headers, ...request.headers, ...headers },
        body: request.body ?? null,
        signal: deadline.signal,
        onInfo: limitInfos(),
        ...(request.maySend === undefined
          ? {}
          : { maySend: request.maySend, idempotent: true, blocking: false }),
      };
      const dispatcher = request.maySend === undefined ? over.dispatcher : once;
      const asked = dispatcher.request(sent);
      const response = await unlessAborted(asked, deadline.signal);
      return {
        status: response.statusCode,
        headers: response.headers,
        approach,
        body: readBody(response.body, deadline, fail),
        close() {
          deadline.clear();
          // Nobody listens any more; without a listener the abort would surface as an uncaught error.
          response.body.on("error", () => {}).destroy();
        },
      };
    } catch (error) {
      deadline.clear();
      throw error instanceof NotSent ? error : fail(error);
    }
  }

  function routeFor({ connection = "main" }: ClientRequest): Route {
    return connection === "main" ? route : connection === "aside" ? asideRoute : createRoute(origin, options);
  }

  return {
    open,
    async send(request) {
      const over = routeFor(request);
      try {
        const { status, headers, approach, body } = await open(request, over);
        const { start } = await readToEnd(body, keptBytes);
        return { status, headers, approach, text: start.toString("utf8") };
      } finally {
        if (request.connection === "fresh") await over.dispatcher.destroy();
      }
    },
    urlOf,
    redact,
    connectionsOpened: () => connectionsOpened,
    async close() {
      await Promise.all([route.dispatcher.destroy(), asideRoute.dispatcher.destroy()]);
    },
  };
}

/** Reads a body to its end, but keeps only its start. */
export async function readToEnd(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly start: Buffer; readonly isComplete: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (size < maxBytes) chunks.push(chunk);
    size += chunk.length;
  }
  return { start: Buffer.concat(chunks).subarray(0, maxBytes), isComplete: size <= maxBytes };
}

/** undici ends the request with what this throws. */
function limitInfos(): () => void {
  let infos = 0;
  return () => {
    infos += 1;
    if (infos > maxInfos) throw new Error("informational answers (1xx) without end");
  };
}

type SendOptions = Parameters<Route["dispatcher"]["request"]>[0] & Partial<SendOnceOptions>;

/**
 * A query that no cache has seen, for every read: some caches answer with a fresh `Date` and without an `Age`. The gateway
 * ignores what it does not know (1.5.1 and 1.11).
 */
function createFreshQuery(): (path: string) => string {
  const prefix = randomBytes(6).toString("hex");
  let count = 0;
  return (path) => `${path.includes("?") ? "&" : "?"}nocache=${prefix}-${(count += 1)}`;
}

function describeApproach(
  { url, headers, tls, proxy }: ServerOptions,
  redact: Redact,
): (method: string) => Approach {
  const known = {
    url,
    hasCredentials: headers?.["authorization"] !== undefined,
    hasClientCertificate: tls?.cert !== undefined,
    hasOwnAuthorities: tls?.ca !== undefined,
    proxy: proxy === undefined ? null : displayProxy(proxy.url),
    hasProxyCredentials:
      proxy !== undefined && proxyAuthorization(proxy.url)["proxy-authorization"] !== undefined,
    redact,
  };
  return (method) => ({ ...known, method });
}

/**
 * Rejects when the signal aborts, whether or not the promise ever settles: undici does not look at the signal while a
 * connection is being made (7.30).
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
  fail: (error: unknown) => RequestError,
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
  url: string,
  approach: Approach,
  deadline: Deadline,
  timeoutSeconds: number,
): RequestError {
  const request = { method: approach.method, url };
  if (deadline.expired()) {
    const what = `no answer within ${timeoutSeconds} s; if the gateway is that slow, raise its timeout`;
    return new RequestError("timeout", request, what, error);
  }
  if (deadline.signal.aborted) return new RequestError("aborted", request, "interrupted", error);
  if (error instanceof errors.SocketError) {
    const guess = error.socket?.bytesRead === 0 ? guessAtSilence(approach) : "";
    const what = `the connection was closed before the answer was complete${guess === "" ? "" : `: ${guess}`}`;
    return new RequestError("no_answer", request, what, error);
  }
  if (error instanceof errors.ResponseContentLengthMismatchError) {
    return new RequestError("truncated", request, `the answer is broken: ${error.message}`, error);
  }
  const code = error instanceof errors.HTTPParserError ? "truncated" : "unreachable";
  return new RequestError(code, request, explainConnectionError(error, approach), error);
}

/** Request options that {@link sendOnce} reads. */
export interface SendOnceOptions {
  /** Asked when a connection is ready, right before the first byte is written. false: the request fails with {@link NotSent}. */
  readonly maySend: () => boolean;
}

/**
 * The same dispatcher for requests that must not be repeated. When a connection is lost, undici (7.30, `onHttpSocketClose` in
 * client-h1.js) fails the oldest request on it and writes all others again on the next connection, although the server may have
 * carried them out. Here they fail, too, as requests whose answer was lost.
 */
export function sendOnce(dispatcher: Dispatcher): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const { maySend } = options as Dispatcher.DispatchOptions & SendOnceOptions;
    return dispatch(options, guard(handler, maySend));
  });
}

function guard(handler: Dispatcher.DispatchHandler, maySend: () => boolean): Dispatcher.DispatchHandler {
  let isSent = false;
  return {
    onRequestStart(...args) {
      // An error thrown here fails the request and leaves the connection as it is.
      if (isSent) throw new errors.SocketError("other side closed");
      if (!maySend()) throw new NotSent("the request was not sent");
      isSent = true;
      handler.onRequestStart?.(...args);
    },
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  };
}
