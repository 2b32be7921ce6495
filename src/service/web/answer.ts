import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";

import type { WebLimits } from "./limits.ts";
import { securityHeaders, type ExtraHeaders } from "./security-headers.ts";

/** What goes back to the client. */
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

export interface SendOptions {
  readonly extraHeaders: ExtraHeaders;
  /** Whether the connection ends with this answer. */
  readonly last: boolean;
}

/** An answer that is ready to be sent: what it has in parts is rendered as the client takes it. */
export type ReadyAnswer = WebAnswer<string | AsyncIterable<string>>;

/** Sends an answer, compressed if it is worth it and the client wants it; resolves when the connection has it. */
export type SendAnswer = (
  request: IncomingMessage,
  response: ServerResponse,
  answer: ReadyAnswer,
  options: SendOptions,
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
