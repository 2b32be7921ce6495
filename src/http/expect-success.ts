import type { IncomingHttpHeaders } from "node:http";
import { cutText } from "../core/printable.ts";
import { type OpenResponse, type WholeResponse, readStart } from "./client.ts";
import { proxyLoginRemedy, throughProxy } from "./connection-causes.ts";
import type { Redact } from "./redact.ts";
import { RequestError, type Approach } from "./request-error.ts";

/** An error page has its message at its beginning, and may be endless: no more of it is read, or searched. */
const maxTextLength = 4096;

/** @throws {@link RequestError} unless the status is one of the 200s, with what the answer says about itself */
export function expectSuccess({ status, headers, approach, text }: WholeResponse): void {
  if (isSuccess(status)) return;
  if (status >= 300 && status < 400) {
    const what = describeRedirect(status, approach, headers.location);
    throw new RequestError("redirect", approach, what);
  }
  const advice = explainStatus({ status, headers, text }, approach);
  const what = `HTTP ${status}${excerpt(text, approach.redact)}${advice === null ? "" : `: ${advice}`}${throughProxy(approach)}`;
  throw new RequestError(
    "http_status",
    approach,
    what,
    undefined,
    status,
    retryAfterSeconds(status, headers),
  );
}

/** Sent with every read: a cache may answer with any old content. */
export const freshHeaders = { "cache-control": "no-cache, no-store" } as const;

/**
 * Accepts only a success that the gateway itself answered just now.
 * @throws {@link RequestError}; then the response is closed
 */
export async function expectFreshSuccess(response: OpenResponse): Promise<void> {
  await expectOpenSuccess(response);
  const { headers, approach } = response;
  if (headers.age === undefined || Number(headers.age) === 0) return;
  response.close();
  const what = `the answer comes from a cache (Age: ${approach.redact(headers.age)})`;
  const remedy = "nothing can be deleted on old knowledge; reach the gateway without it";
  throw new RequestError("unexpected_answer", approach, `${what}: ${remedy}`);
}

/**
 * As {@link expectSuccess}, for a response whose body has not been read yet.
 * @throws {@link RequestError}; then the response is closed
 */
async function expectOpenSuccess(response: OpenResponse): Promise<void> {
  if (isSuccess(response.status)) return;
  const { bytes } = await readStart(response.body, maxTextLength, "leave");
  response.close();
  expectSuccess({ ...response, text: bytes.toString("utf8") });
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
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
  // By the clock that wrote both, if it is known.
  const waitMs = Date.parse(value) - Date.parse(headers.date ?? "");
  return Number.isFinite(waitMs) ? Math.max(0, waitMs / 1000) : defaultRetrySeconds;
}

function describeRedirect(status: number, { url, redact }: Approach, location: string | undefined): string {
  const better = urlAfterRedirect(url, location);
  const remedy =
    better === null
      ? "this may be a login; the url must be one that answers itself"
      : `if that is the same server, set url: ${redact(better)}`;
  // Without what may hold a login.
  const target = location?.replace(/^([^/]*\/\/)[^/]*@/, "$1").replace(/[?#].*$/s, "") ?? "nowhere";
  return `HTTP ${status}, a redirect to ${redact(target)}, which is never followed: ${remedy}`;
}

/**
 * The `url` of a server that would avoid a redirect: https instead of http, another host or prefix. null if the redirect leads
 * elsewhere, as to a login.
 */
export function urlAfterRedirect(requestUrl: string, location: string | undefined): string | null {
  if (location === undefined || !URL.canParse(location, requestUrl)) return null;
  const { protocol, host, pathname } = new URL(location, requestUrl);
  const [, base] = /^(.*?)\/+(?:api\/v1\/(?:status|metrics|query(?:_range)?)|metrics)$/.exec(pathname) ?? [];
  if (base === undefined || !/^https?:$/.test(protocol)) return null;
  return `${protocol}//${host}${base}`;
}

const maxExcerptLength = 200;

/** The first words of an answer behind a colon, fit for one line of a log; empty if there are none. */
export function excerpt(text: string, redact: Redact): string {
  const words = firstWords(text, redact);
  return words === "" ? "" : `: ${words}`;
}

export function firstWords(text: string, redact: Redact): string {
  const shown = redact(text.slice(0, maxTextLength));
  // Of a web page, the words that a reader sees.
  const words = /^\s*<(\?xml|!doctype|html)\b/i.test(shown)
    ? shown.replaceAll(/<(head|script|style)\b[^]*?<\/\1>|<(?!secret>)[^>]*>/gi, " ")
    : shown;
  return cutText(words.replaceAll(/[\p{C}\s]+/gu, " ").trim(), maxExcerptLength);
}

type StatusRemedy = string | ((approach: Approach, headers: IncomingHttpHeaders) => string);

/** What a status means beyond its number, and what to do about it: the first row that fits decides. */
const causes: readonly (readonly [status: number, text: RegExp, remedy: StatusRemedy])[] = [
  [
    400,
    /HTTP request (was sent )?to (an )?HTTPS|plain HTTP to an SSL/i,
    ({ serverUrl }) => `the port speaks TLS; write ${serverUrl.replace(/^http:/, "https:")}`,
  ],
  [
    400,
    /No required SSL certificate/i,
    "it wants a client certificate; set tls_config.cert_file and key_file",
  ],
  [
    400,
    /SSL certificate error/i,
    "it does not accept the client certificate; it has expired, or is not of the authority that the server trusts",
  ],
  [401, /^/, loginRemedy],
  [403, /^/, ({ method }) => `does the proxy in front of it allow ${method}, for this user and from here?`],
  [
    404,
    /^/,
    "nothing is there; does the url end in the server's route prefix (--web.route-prefix) and in the path that a proxy before it adds?",
  ],
  [405, /^/, ({ method }) => `the proxy in front of it does not allow ${method}`],
  [407, /^/, proxyLoginRemedy],
  [413, /^/, "the proxy in front of it allows no body of this size (nginx: client_max_body_size)"],
  [414, /^/, "the proxy in front of it allows no path of this length (nginx: large_client_header_buffers)"],
  [502, /^/, "the proxy in front of it cannot reach it"],
  [504, /^/, "the proxy in front of it did not wait long enough (nginx: proxy_read_timeout)"],
];

/** null: the status needs no explanation. */
export function explainStatus(
  { status, headers, text }: Pick<WholeResponse, "status" | "headers" | "text">,
  approach: Approach,
): string | null {
  const remedy = causes.find(([known, words]) => known === status && words.test(text))?.[2] ?? null;
  return typeof remedy === "function" ? remedy(approach, headers) : remedy;
}

function loginRemedy(
  { hasCredentials, hasProxyCredentials, serverUrl }: Approach,
  headers: IncomingHttpHeaders,
): string {
  const isBasic = /^basic\b/i.test(headers["www-authenticate"] ?? "");
  const remedy = hasCredentials
    ? "it does not accept the credentials of basic_auth or authorization"
    : isBasic
      ? "it wants a user and a password; set basic_auth"
      : "it wants credentials; set basic_auth or authorization";
  // tinyproxy answers a wrong login with 401, as if it were the server.
  const mayBeProxy = hasProxyCredentials && serverUrl.startsWith("http:");
  const hint = "; if the proxy says so, it does not accept the user and password in its URL";
  return `${remedy}${mayBeProxy ? hint : ""}`;
}
