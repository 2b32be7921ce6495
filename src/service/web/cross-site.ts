import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** What tells a request of the janitor's own page from one of a foreign page. */
export interface SiteCheck {
  /** Scheme, host and port of `--web.external-url`; null without one. */
  readonly externalOrigin: string | null;
  /** By TLS or a login: another site's name that leads here gets neither a certificate nor a password. */
  readonly authenticated: boolean;
}

/**
 * Why a request that changes something must not be done, or null. Browsers send requests wherever a page wants, with the
 * user's login; but they say for which page: by `Sec-Fetch-Site` and `Origin`, which no page can change. What sends
 * neither is no browser: curl, a scheduler.
 */
export function refuseForeignPage(
  headers: IncomingHttpHeaders,
  { externalOrigin, authenticated }: SiteCheck,
): string | null {
  const site = headers["sec-fetch-site"];
  const { origin, host = "" } = headers;
  // "none": the user's own doing, not a page's.
  if (site !== undefined && site !== "same-origin" && site !== "none") return "it comes from another site";
  if (origin === undefined) return null;
  if (origin === externalOrigin) return null;
  if (hostOf(origin) !== host.toLowerCase()) return `it comes from ${origin}`;
  // A foreign name can be made to lead to this address (DNS rebinding): then Origin and Host agree, and mean nothing.
  if (authenticated || isUnambiguous(host)) return null;
  return `a browser may ask for it only at --web.external-url, an IP address or localhost`;
}

function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

function isUnambiguous(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1");
  return isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost");
}
