import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { securityHeaders, type ExtraHeaders } from "./security-headers.ts";

/** What goes back to the client. */
export interface WebAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
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
  /** Until the client has taken the answer; then the connection is cut. */
  readonly sendTimeoutMs: number;
  /** Whether the connection ends with this answer. */
  readonly last: boolean;
}

/** Sends an answer, compressed if it is worth it and the client wants it; resolves when the connection has it. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: WebAnswer,
  { extraHeaders, sendTimeoutMs, last }: SendOptions,
): Promise<void> {
  const identity = Buffer.from(answer.body);
  const compressed = identity.length >= minCompressedBytes && acceptsGzip(request);
  const body = compressed ? await compress(identity) : identity;
  if (response.destroyed) return;
  const deadline = setTimeout(() => response.destroy(), sendTimeoutMs);
  response.once("close", () => clearTimeout(deadline));
  response.writeHead(answer.status, {
    "Content-Type": answer.contentType,
    "Content-Length": body.length,
    ...(compressed ? { "Content-Encoding": "gzip" } : {}),
    Vary: "Accept-Encoding",
    ...securityHeaders(answer.nonce ?? null, extraHeaders),
    ...answer.headers,
    ...(last ? { Connection: "close" } : {}),
  });
  // For HEAD, Node leaves the body out.
  response.end(body);
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
