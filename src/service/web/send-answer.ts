import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import { createQueue } from "../../core/queue.ts";
import type { WebLimits } from "./connections.ts";
import { joinToBlocks } from "../../report/text.ts";

export interface WebAnswer<Body = string> {
  readonly status: number;
  readonly contentType: string;
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only of the page. */
  readonly nonce?: string;
}

export function plain(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): WebAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${text}\n`, headers };
}

const compress = promisify(gzip);
/** Below that, compressing costs more than it saves. */
const minCompressedBytes = 1024;

interface AnswerOptions {
  readonly extraHeaders: ExtraHeaders;
  /** Whether the connection ends with this answer. */
  readonly last: boolean;
}

/** An answer that is ready to be sent: parts are rendered as the client takes them. */
export type ReadyAnswer = WebAnswer<string | AsyncIterable<string>>;

/** Sends an answer, compressed if that saves enough and the client accepts it; resolves when the connection has it. */
type SendAnswer = (
  request: IncomingMessage,
  response: ServerResponse,
  answer: ReadyAnswer,
  options: AnswerOptions,
) => Promise<void>;

export function createSender({
  sendTimeoutMs,
  maxHeldBytes,
}: Pick<WebLimits, "sendTimeoutMs" | "maxHeldBytes">): SendAnswer {
  // The oldest first.
  const held = new Map<ServerResponse, number>();
  let heldBytes = 0;

  const release = (response: ServerResponse): void => {
    heldBytes -= held.get(response) ?? 0;
    held.delete(response);
  };

  const hold = (response: ServerResponse, bytes: number): void => {
    held.set(response, bytes);
    heldBytes += bytes;
    response.once("close", () => release(response));
    for (const oldest of held.keys()) {
      if (heldBytes <= maxHeldBytes || oldest === response) return;
      release(oldest);
      oldest.destroy();
    }
  };

  return async (request, response, { status, contentType, body, headers, nonce }, { extraHeaders, last }) => {
    const isLarge = typeof body !== "string" || body.length >= minCompressedBytes;
    const compressed = isLarge && acceptsGzip(request);
    const bytes = typeof body !== "string" ? null : compressed ? await compress(body) : Buffer.from(body);
    if (response.destroyed) return;
    const deadline = setTimeout(() => response.destroy(), sendTimeoutMs);
    response.once("close", () => clearTimeout(deadline));
    response.writeHead(status, {
      "Content-Type": contentType,
      ...(bytes === null ? {} : { "Content-Length": bytes.length }),
      ...(compressed ? { "Content-Encoding": "gzip" } : {}),
      Vary: "Accept-Encoding",
      ...securityHeaders(nonce ?? null, extraHeaders),
      ...headers,
      ...(last ? { Connection: "close" } : {}),
    });
    if (typeof body === "string") {
      hold(response, bytes?.length ?? 0);
      // For HEAD, Node leaves the body out.
      response.end(bytes);
    } else if (request.method === "HEAD") {
      response.end();
    } else if (compressed) {
      await pipeline(body, createGzip(), response);
    } else {
      await pipeline(body, response);
    }
  };
}

/** `Accept-Encoding: gzip;q=0` refuses what `gzip` alone accepts. */
function acceptsGzip({ headers }: IncomingMessage): boolean {
  const accepted = (headers["accept-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((part) => part.trim().split(/\s*;\s*/));
  const wanted =
    accepted.find(([coding]) => coding === "gzip" || coding === "x-gzip") ??
    accepted.find(([coding]) => coding === "*");
  return wanted !== undefined && !wanted.slice(1).some((weight) => /^q=0(?:\.0*)?$/.test(weight));
}

/** Headers of the web configuration: they win over the janitor's own. */
type ExtraHeaders = Readonly<Record<string, string>>;

/**
 * The headers of every answer.
 * @param nonce of the page's one style and one script; null: the answer is no page, and nothing in it may be active
 */
export function securityHeaders(
  nonce: string | null,
  extra: ExtraHeaders = {},
): Readonly<Record<string, string>> {
  // Browsers prefer frame-ancestors to the older X-Frame-Options, so an operator's choice for that counts here, too.
  const ancestors = extra["X-Frame-Options"] === "sameorigin" ? "'self'" : "'none'";
  const policy = [
    "default-src 'none'",
    ...(nonce === null
      ? []
      : [`style-src 'nonce-${nonce}'`, `script-src 'nonce-${nonce}'`, "img-src data:", "connect-src 'self'"]),
    "base-uri 'none'",
    `form-action ${nonce === null ? "'none'" : "'self'"}`,
    `frame-ancestors ${ancestors}`,
  ];
  return {
    "Content-Security-Policy": policy.join("; "),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    // Not no-referrer: with it, browsers send the page's own requests with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    ...extra,
  };
}

/** Does a piece of work when its turn comes. */
export type InTurn = <T>(work: () => T) => Promise<T>;

/**
 * One piece of work after the other, and between two of them as much time for everything else as the last one took: Node accepts one
 * connection in each turn of its event loop, so that turns must not all be long.
 */
export function createTurns(): InTurn {
  const inTurn = createQueue();
  let tookMs = 0;
  return (work) =>
    inTurn(async () => {
      await (tookMs < 1 ? nextTurn() : sleep(tookMs));
      const startedAt = performance.now();
      try {
        return work();
      } finally {
        tookMs = performance.now() - startedAt;
      }
    });
}

/** UTF-16 units. */
const blockLength = 64 * 1024;

/**
 * Makes the first block of a body, so that an error can still be answered, and the others when they can be sent.
 * @returns null if the client has gone by then
 */
export async function beginBody(
  parts: Iterable<string>,
  inTurn: InTurn,
  client: { readonly writable: boolean },
): Promise<AsyncIterable<string> | null> {
  const blocks = joinToBlocks(parts, blockLength);
  const next = () => inTurn(() => (client.writable ? blocks.next() : null));
  const first = await next();
  if (first === null) return null;
  return (async function* () {
    try {
      let block: typeof first | null = first;
      for (; block !== null && block.done !== true; block = await next()) yield block.value;
    } finally {
      // The client may have left.
      blocks.return(undefined);
    }
  })();
}
