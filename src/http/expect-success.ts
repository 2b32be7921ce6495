import type { IncomingHttpHeaders } from "node:http";
import { cutText } from "../core/printable.ts";
import type { Redact } from "./redact.ts";
import type { OpenResponse, WholeResponse } from "./client.ts";
import { RequestError, type Approach } from "./request-error.ts";
import { proxyLoginRemedy } from "./connection-causes.ts";

/** So much of an error's text is searched for words. */
const maxTextLength = 4096;

/**
 * @throws {@link RequestError} unless the status is one of the 200s, with what the answer says about itself
 */
export function expectSuccess(
  request: { readonly method: string; readonly url: string },
  response: WholeResponse,
): void {
  const { status, headers, approach, text } = response;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) {
    const what = describeRedirect(status, request.url, headers.location, approach.redact);
    throw new RequestError("redirect", request, what);
  }
  const advice = explainStatus(response, approach);
  // It may be the proxy that speaks.
  const through = approach.proxy === null ? "" : ` (through the proxy ${approach.proxy})`;
  const what = `HTTP ${status}${excerpt(text, approach.redact)}${advice === null ? "" : `: ${advice}`}${through}`;
  throw new RequestError("http_status", request, what, undefined, status, retryAfterSeconds(status, headers));
}

/** Sent with every read: what a cache answers is as old as it likes. */
export const freshHeaders = { "cache-control": "no-cache, no-store" } as const;

/**
 * Lets only an answer pass that the gateway itself gave just now, and successfully.
 * @throws {@link RequestError}; then the response is closed
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
  throw new RequestError(
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

/** An answer that is no success. */
export interface Refusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Its beginning. */
  readonly text: string;
}

/** What a status means beyond its number, and what to do about it: the first row that fits decides. */
const causes: readonly (readonly [
  status: number,
  text: RegExp | null,
  remedy: (approach: Approach, headers: IncomingHttpHeaders) => string,
])[] = [
  [
    400,
    /HTTP request (was sent )?to (an )?HTTPS|plain HTTP to an SSL/i,
    ({ url }) => `the port speaks TLS; write ${url.replace(/^http:/, "https:")}`,
  ],
  [
    400,
    /No required SSL certificate/i,
    () => "it wants a client certificate; set tls_config.cert_file and key_file",
  ],
  [
    400,
    /SSL certificate error/i,
    () =>
      "it does not accept the client certificate; it has expired, or is not of the authority that the server trusts",
  ],
  [401, null, loginRemedy],
  [403, null, ({ method }) => `does the proxy in front of it allow ${method}, for this user and from here?`],
  [
    404,
    null,
    () =>
      "nothing is there; does the url end in the gateway's route prefix (--web.route-prefix) and in the path that a proxy before it adds?",
  ],
  [405, null, ({ method }) => `the proxy in front of it does not allow ${method}`],
  [407, null, proxyLoginRemedy],
  [413, null, () => "the proxy in front of it allows no push of this size (nginx: client_max_body_size)"],
  [
    414,
    null,
    () => "the proxy in front of it allows no path of this length (nginx: large_client_header_buffers)",
  ],
  [502, null, () => "the proxy in front of it cannot reach it"],
  [504, null, () => "the proxy in front of it did not wait long enough (nginx: proxy_read_timeout)"],
];

/** null: the status needs no explanation. */
export function explainStatus({ status, headers, text }: Refusal, approach: Approach): string | null {
  const row = causes.find(([known, words]) => known === status && (words === null || words.test(text)));
  return row === undefined ? null : row[2](approach, headers);
}

function loginRemedy(approach: Approach, headers: IncomingHttpHeaders): string {
  return `${ownLoginRemedy(approach, headers)}${proxyHint(approach)}`;
}

function ownLoginRemedy({ hasCredentials }: Approach, headers: IncomingHttpHeaders): string {
  if (hasCredentials) return "it does not accept the credentials of basic_auth or authorization";
  return /^basic\b/i.test(headers["www-authenticate"] ?? "")
    ? "it wants a user and a password; set basic_auth"
    : "it wants credentials; set basic_auth or authorization";
}

/** tinyproxy answers a wrong login with 401, as if it were the server. */
function proxyHint({ url, hasProxyCredentials }: Approach): string {
  return hasProxyCredentials && url.startsWith("http:")
    ? "; if the proxy says so, it does not accept the user and password in its URL"
    : "";
}

/**
 * What the `url` of a server would have to be for a redirect not to happen: https instead of http, another host or prefix.
 * null if the redirect leads elsewhere, as to a login.
 */
export function urlAfterRedirect(requestUrl: string, location: string | undefined): string | null {
  if (location === undefined || !URL.canParse(location, requestUrl)) return null;
  const { protocol, host, pathname } = new URL(location, requestUrl);
  const [, base] = /^(.*?)\/+(?:api\/v1\/(?:status|metrics)|metrics)$/.exec(pathname) ?? [];
  if (base === undefined || !/^https?:$/.test(protocol)) return null;
  return `${protocol}//${host}${base}`;
}
