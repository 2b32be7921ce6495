import type { IncomingHttpHeaders } from "node:http";

import type { Approach } from "./approach.ts";
import { proxyLoginRemedy } from "./connection-causes.ts";

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
