import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { errors, type Dispatcher } from "undici";
import { explainConnectionError, guessAtSilence } from "./connection-causes.ts";
import { displayProxy, proxyAuthorization } from "./proxy.ts";
import { createRedact, type Redact } from "./redact.ts";
import { NotSent, RequestError, type Approach, type RequestName } from "./request-error.ts";
import { createRoute, type Route } from "./route.ts";
import type { ServerOptions } from "./server-options.ts";

export interface ClientRequest {
  readonly method: "GET" | "DELETE" | "PUT" | "POST";
  /** Below the server's prefix; goes onto the wire as it is. */
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
   * The request is sent at most once, and only if this returns true when its connection is ready. Such requests may share the
   * connection with others of their kind that are not answered yet.
   */
  readonly maySend?: () => boolean;
  /** Leaves out the query that keeps caches from answering: not every server ignores parameters that it does not know. */
  readonly mayBeCached?: boolean;
}

/** A response whose headers have arrived. The body must be read to its end, or the response closed. */
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
   * Sends one request and resolves when the headers have arrived, whatever the status. Redirects are not followed.
   * @throws {@link RequestError}
   */
  open(request: ClientRequest): Promise<OpenResponse>;
  /**
   * Sends one request and reads the answer to its end; only the first 64 KiB are kept.
   * @throws {@link RequestError}, and {@link NotSent} if `maySend` returned false
   */
  send(request: ClientRequest): Promise<WholeResponse>;
  /** The full URL of a path, for messages: without a query, which may hold a secret. */
  urlOf(path: string): string;
  /** Applied to everything that the server says, before it is shown. */
  readonly redact: Redact;
  /** How many `main` connections have been opened so far: one, as long as it is kept open. */
  connectionsOpened(): number;
  close(): Promise<void>;
}

const keptBytes = 64 * 1024;

/**
 * An HTTP client for one server.
 *
 * Paths are handed to undici verbatim, never through `URL`: URL parsers fold `..` segments, and the DELETE of
 * `{job="a", x=".."}` would become the DELETE of `{job="a"}`.
 */
export function createHttpClient(options: ServerOptions): HttpClient {
  const { origin, pathname } = new URL(options.url);
  const prefix = pathname.replace(/\/+$/, "");
  // Reads and deletions share one connection: behind a load balancer they then reach the same gateway.
  const main = createRoute(origin, options);
  const aside = createRoute(origin, options);
  const once = main.dispatcher.compose(sendOnce);
  let connectionsOpened = 0;
  main.dispatcher.on("connect", () => (connectionsOpened += 1));
  const freshQuery = createFreshQuery();
  const redact = createRedact(options.secrets ?? []);
  const known = describeApproach(options, redact);
  const urlOf = (path: string): string => `${origin}${prefix}${path.replace(/\?.*$/s, "")}`;

  async function open(request: ClientRequest, route = routeOf(request)): Promise<OpenResponse> {
    const { method, path, timeoutSeconds = options.timeoutSeconds } = request;
    const named: Approach = { ...known, method, url: urlOf(path) };
    const deadline = startDeadline(timeoutSeconds * 1000, request.signal);
    const fail = (error: unknown): RequestError => {
      if (!deadline.expired()) return toRequestError(error, named, deadline.signal.aborted);
      const remedy = request.timeoutSeconds === undefined ? "; if it is that slow, raise its timeout" : "";
      return new RequestError("timeout", named, `no answer within ${timeoutSeconds} s${remedy}`, error);
    };
    const query = method === "GET" && request.mayBeCached !== true ? freshQuery(path) : "";
    const sent: Dispatcher.RequestOptions & SendOnceOptions = {
      method,
      path: route.pathStart + prefix + path + query,
      headers: {
        "user-agent": "pushgateway-janitor",
        ...options.headers,
        ...request.headers,
        ...route.headers,
      },
      body: request.body ?? null,
      signal: deadline.signal,
      onInfo: limitInfos(),
      ...(request.maySend === undefined
        ? {}
        : { maySend: request.maySend, idempotent: true, blocking: false }),
    };
    try {
      const dispatcher = request.maySend === undefined ? route.dispatcher : once;
      const { statusCode, headers, body } = await unlessAborted(dispatcher.request(sent), deadline.signal);
      return {
        status: statusCode,
        headers,
        approach: named,
        body: readBody(body, deadline, fail),
        close() {
          deadline.clear();
          // Without a listener the abort would surface as an uncaught error.
          body.on("error", () => {}).destroy();
        },
      };
    } catch (error) {
      deadline.clear();
      throw error instanceof NotSent ? error : fail(error);
    }
  }

  function routeOf({ connection = "main" }: ClientRequest): Route {
    return connection === "main" ? main : connection === "aside" ? aside : createRoute(origin, options);
  }

  return {
    open,
    async send(request) {
      const route = routeOf(request);
      try {
        const { status, headers, approach, body } = await open(request, route);
        const { bytes } = await readStart(body, keptBytes, "drop");
        return { status, headers, approach, text: bytes.toString("utf8") };
      } finally {
        if (request.connection === "fresh") await route.dispatcher.destroy();
      }
    },
    urlOf,
    redact,
    connectionsOpened: () => connectionsOpened,
    async close() {
      await Promise.all([main.dispatcher.destroy(), aside.dispatcher.destroy()]);
    },
  };
}

/**
 * A query that no cache has seen, for every read: some caches answer with a fresh `Date` and without an `Age`. The gateway
 * ignores parameters that it does not know (1.5.1 and 1.11).
 */
function createFreshQuery(): (path: string) => string {
  const prefix = randomBytes(6).toString("hex");
  let count = 0;
  return (path) => `${path.includes("?") ? "&" : "?"}nocache=${prefix}-${(count += 1)}`;
}

function describeApproach(
  { url, headers, tls, proxy }: ServerOptions,
  redact: Redact,
): Omit<Approach, keyof RequestName> {
  return {
    serverUrl: url,
    hasCredentials: headers?.["authorization"] !== undefined,
    hasClientCertificate: tls?.cert !== undefined,
    hasOwnAuthorities: tls?.ca !== undefined,
    proxy: proxy === undefined ? null : displayProxy(proxy.url),
    hasProxyCredentials:
      proxy !== undefined && proxyAuthorization(proxy.url)["proxy-authorization"] !== undefined,
    redact,
  };
}

/** Answers like 103 that may come before the real one. undici takes any number of them, hundreds of thousands at a time. */
const maxInfos = 16;

/** undici ends the request with the error that this throws. */
function limitInfos(): () => void {
  let infos = 0;
  return () => {
    infos += 1;
    if (infos > maxInfos) throw new Error("informational answers (1xx) without end");
  };
}

interface SendOnceOptions {
  readonly maySend?: () => boolean;
}

/**
 * For requests that must not be repeated: an interceptor of undici's. When a connection is lost, undici (7.30, `onHttpSocketClose`
 * in client-h1.js) fails the oldest request on it and writes all others again on the next connection, although the server may
 * have carried them out. Here they fail, too, as requests whose answer was lost.
 */
function sendOnce(dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch {
  return (options, handler) => {
    const { maySend } = options as SendOnceOptions;
    let isSent = false;
    return dispatch(options, {
      onRequestStart(...args) {
        // An error thrown here fails the request and leaves the connection as it is.
        if (isSent) throw new errors.SocketError("other side closed");
        if (maySend?.() === false) throw new NotSent("the request was not sent");
        isSent = true;
        handler.onRequestStart?.(...args);
      },
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    });
  };
}

/** Aborts a request after a time, or when the caller's signal aborts, whichever comes first. */
interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, as opposed to the caller's signal. */
  expired(): boolean;
  /** Stops the timer: as soon as the request is over, however it ended. */
  clear(): void;
}

/** Not `AbortSignal.any`: on Node 20 it leaks a listener per call on a signal that lives as long as a sweep. */
function startDeadline(milliseconds: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const abort = (): void => controller.abort(outer?.reason);
  const expire = (): void => {
    expired = true;
    controller.abort();
  };
  // A longer timer would fire at once.
  const timer = setTimeout(expire, Math.min(milliseconds, 2 ** 31 - 1));
  if (outer?.aborted === true) abort();
  // Node warns of more than ten listeners, and many DELETEs may be under way at once.
  if (outer !== undefined) setMaxListeners(0, outer);
  outer?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    clear() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    },
  };
}

/**
 * Rejects when the signal aborts, whether or not the promise ever settles: undici ignores the signal while a connection is
 * being made (7.30).
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

function toRequestError(error: unknown, approach: Approach, isAborted: boolean): RequestError {
  if (isAborted) return new RequestError("aborted", approach, "interrupted", error);
  if (error instanceof errors.SocketError) {
    const guess = error.socket?.bytesRead === 0 ? guessAtSilence(approach) : "";
    const what = `the connection was closed before the answer was complete${guess === "" ? "" : `: ${guess}`}`;
    return new RequestError("no_answer", approach, what, error);
  }
  if (error instanceof errors.ResponseContentLengthMismatchError) {
    return new RequestError("truncated", approach, `the answer is broken: ${error.message}`, error);
  }
  const code = error instanceof errors.HTTPParserError ? "truncated" : "unreachable";
  return new RequestError(code, approach, explainConnectionError(error, approach), error);
}

interface BodyStart {
  readonly bytes: Buffer;
  /** Whether that is all of it. */
  readonly isComplete: boolean;
}

/**
 * Reads the first bytes of a body.
 * @param rest `drop`: also reads the rest, so that its connection can be used again; `leave`: an endless body does no harm
 */
export async function readStart(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  rest: "drop" | "leave",
): Promise<BodyStart> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (size < maxBytes) chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes && rest === "leave") break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isComplete: size <= maxBytes };
}
