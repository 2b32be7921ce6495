import type { IncomingHttpHeaders } from "node:http";

import { cutText } from "../core/printable.ts";
import type { Redact } from "../http/redact.ts";
import { explainStatus, urlAfterRedirect } from "../http/status-causes.ts";
import type { OpenResponse, WholeResponse } from "./client.ts";
import { GatewayError } from "./gateway-error.ts";

/** So much of an error's text is searched for words. */
const maxTextLength = 4096;

/**
 * @throws {@link GatewayError} unless the status is one of the 200s, with what the answer says about itself
 */
export function expectSuccess(
  request: { readonly method: string; readonly url: string },
  response: WholeResponse,
): void {
  const { status, headers, approach, text } = response;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) {
    const what = describeRedirect(status, request.url, headers.location, approach.redact);
    throw new GatewayError("redirect", request, what);
  }
  const advice = explainStatus(response, approach);
  // It may be the proxy that speaks.
  const through = approach.proxy === null ? "" : ` (through the proxy ${approach.proxy})`;
  const what = `HTTP ${status}${excerpt(text, approach.redact)}${advice === null ? "" : `: ${advice}`}${through}`;
  throw new GatewayError("http_status", request, what, undefined, status, retryAfterSeconds(status, headers));
}

/** Sent with every read: what a cache answers is as old as it likes. */
export const freshHeaders = { "cache-control": "no-cache, no-store" } as const;

/**
 * Lets only an answer pass that the gateway itself gave just now, and successfully.
 * @throws {@link GatewayError}; then the response is closed
 */
export async function expectFreshSuccess(
  request: { readonly method: string; readonly url: string },
  response: OpenResponse,
): Promise<void> {
  const { status, headers, approach } = response;
  if (status < 200 || status >= 300) {
    expectSuccess(request, { status, headers, approach, text: await readBeginning(response) });
  }
  const age = headers.age;
  if (age === undefined || Number(age) === 0) return;
  response.close();
  throw new GatewayError(
    "unexpected_answer",
    request,
    `the answer comes from a cache (Age: ${approach.redact(age)}): nothing can be deleted on old knowledge; reach the gateway without it`,
  );
}

/** An error page says what it has to say at its beginning, and may be endless: the rest is not read. */
async function readBeginning(response: OpenResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxTextLength) break;
  }
  response.close();
  return Buffer.concat(chunks).subarray(0, maxTextLength).toString("utf8");
}

/** Where a limit does not say how long to wait. */
const defaultRetrySeconds = 1;

/**
 * How long an answer asks to wait before the next request. Rate limits answer 429 (exporter-toolkit's `rate_limit`, which
 * Pushgateway has since 1.11.3, and ingresses) or 503 with `Retry-After`; its value is seconds or a date (RFC 9110, 10.2.3).
 * @returns seconds, 0 or more; null: the status is no such limit
 */
export function retryAfterSeconds(status: number, headers: IncomingHttpHeaders): number | null {
  const value = headers["retry-after"];
  if (status !== 429 && (status !== 503 || value === undefined)) return null;
  if (value === undefined) return defaultRetrySeconds;
  if (/^\d+$/.test(value)) return Number(value);
  // By the clock that wrote both, as far as it tells.
  const waitMs = Date.parse(value) - Date.parse(headers.date ?? "");
  return Number.isFinite(waitMs) ? Math.max(0, waitMs / 1000) : defaultRetrySeconds;
}

function describeRedirect(
  status: number,
  requestUrl: string,
  location: string | undefined,
  redact: Redact,
): string {
  const url = urlAfterRedirect(requestUrl, location);
  const remedy =
    url === null
      ? "this may be a login; the url must be one that answers itself"
      : `if that is the same gateway, set url: ${redact(url)}`;
  return `HTTP ${status}, a redirect to ${redact(displayLocation(location))}, which is never followed: ${remedy}`;
}

/** Without what may hold a login. */
function displayLocation(location: string | undefined): string {
  return location === undefined
    ? "nowhere"
    : location.replace(/^([^/]*\/\/)[^/]*@/, "$1").replace(/[?#].*$/s, "");
}

const maxExcerptLength = 200;

/** The first words of an answer, fit for one line of a log. */
export function excerpt(text: string, redact: Redact): string {
  const shown = redact(text.slice(0, maxTextLength));
  // Of a web page, the words that a reader sees.
  const words = /^\s*<(\?xml|!doctype|html)\b/i.test(shown)
    ? shown.replaceAll(/<(head|script|style)\b[^]*?<\/\1>|<(?!secret>)[^>]*>/gi, " ")
    : shown;
  const line = words.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  if (line === "") return "";
  return `: ${cutText(line, maxExcerptLength)}`;
}
