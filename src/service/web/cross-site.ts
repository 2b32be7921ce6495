import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

import { quote } from "../../core/labels.ts";

/**
 * Why a request must not be answered without a login, or null. Another site's name can be made to lead here (DNS rebinding), and then
 * its pages may read all that a browser gets from there; but the browser says the name. No name leads elsewhere than its owner wants:
 * an IP address, localhost, and those that the operator gave.
 * @param ownNames where the operator says that people find the janitor, in lower case
 */
export function refuseForeignHost(host: string | undefined, ownNames: ReadonlySet<string>): string | null {
  // HTTP/1.0: no browser speaks it any more.
  if (host === undefined) return null;
  const name = nameOf(host);
  if (isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost") || ownNames.has(name)) {
    return null;
  }
  return (
    `without a login this is served to IP addresses, localhost and the host of --web.external-url, not to ${quote(name.slice(0, 100))}. ` +
    "If people use that name, set --web.external-url=http://NAME:PORT"
  );
}

/** The host of `NAME:PORT`, `[::1]` without its brackets. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

/**
 * Why a request that changes something must not be done, or null. Browsers send requests wherever a page wants, with the
 * user's login; but they say for which page: by `Sec-Fetch-Site` and `Origin`, which no page can change. What sends
 * neither is no browser: curl, a scheduler. Where `Origin` and `Host` agree, {@link refuseForeignHost} has judged the host.
 * @param externalOrigin scheme, host and port of `--web.external-url`; null without one
 */
export function refuseForeignPage(
  headers: IncomingHttpHeaders,
  externalOrigin: string | null,
): string | null {
  const site = headers["sec-fetch-site"];
  const { origin, host = "" } = headers;
  // "none": the user's own doing, not a page's.
  if (site !== undefined && site !== "same-origin" && site !== "none") return "it comes from another site";
  if (origin === undefined || origin === externalOrigin || hostOf(origin) === host.toLowerCase()) return null;
  return `it comes from ${origin}`;
}

function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}
