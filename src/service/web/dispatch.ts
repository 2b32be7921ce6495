import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isIP } from "node:net";

import { stackOf } from "../../core/errors.ts";
import { quote } from "../../core/labels.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { beginBody, plain, type InTurn, type ReadyAnswer, type WebAnswer } from "./send-answer.ts";
import { clientOf } from "./connections.ts";
import { routes, type WebRoute, type WebHandlers } from "./routes.ts";

interface DispatchOptions {
  readonly handlers: WebHandlers;
  readonly enableLifecycle: boolean;
  readonly external: ExternalUrl;
  /** The hosts of `--web.listen-address` and of the external URL. */
  readonly ownNames: ReadonlySet<string>;
  readonly inTurn: InTurn;
  readonly log: Logger;
}

/** The URL that people use for the janitor, if it is not the address that it listens on. */
interface ExternalUrl {
  /** null without `--web.external-url`. */
  readonly origin: string | null;
  /** null without one. */
  readonly host: string | null;
  /** Without a slash at the end; "" without one. */
  readonly basePath: string;
}

/** @throws {@link TypeError} for a bad URL */
export function parseExternalUrl(text: string | undefined): ExternalUrl {
  if (text === undefined || text === "") return { origin: null, host: null, basePath: "" };
  const { origin, hostname, pathname } = new URL(text);
  return { origin, host: hostname, basePath: pathname.replace(/\/+$/, "") };
}

/**
 * Finds the endpoint of a request, checks whether it may be used like this, and calls its handler.
 * @param authenticated by TLS or a login, which another site's name that points here cannot pass
 * @returns null if the client has gone in the meantime
 */
export async function dispatch(
  request: IncomingMessage,
  authenticated: boolean,
  options: DispatchOptions,
): Promise<ReadyAnswer | null> {
  const { handlers, external, inTurn, log } = options;
  const { path, query } = parseTarget(request.url ?? "", external.basePath);
  // The page's links and buttons are relative, and would lead beside the janitor.
  if (path === "")
    return plain(308, "308 the page is here", { Location: `${external.basePath}/?${query.toString()}` });
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return plain(404, "404 page not found");
  const refusal =
    (route.anyHost === true || authenticated ? null : refuseHost(request, options)) ??
    refuseMethod(route, request.method) ??
    (route.changes === true ? refuseChange(request, options) : null);
  if (refusal !== null) return refusal;
  try {
    const answer = await route.answer(handlers, query, clientOf(request.socket));
    if (route.changes === true)
      log.info("Answered a request", { path, status: answer.status, remote: remoteOf(request) });
    if (typeof answer.body === "string") return { ...answer, body: answer.body };
    const body = await beginBody(answer.body, inTurn, request.socket);
    return body === null ? null : { ...answer, body };
  } catch (error) {
    log.error("A web request failed", { path, error: stackOf(error) });
    return plain(500, "500 internal error: the janitor's log says more");
  }
}

/**
 * Splits a request's target, without folding or decoding anything. The prefix of the external URL may be there or not:
 * some proxies cut it off, probes of the machine itself do not know it.
 */
function parseTarget(target: string, basePath: string): { path: string; query: URLSearchParams } {
  const local = target.replace(/^https?:\/\/[^/]*/i, "");
  const end = local.includes("?") ? local.indexOf("?") : local.length;
  const full = local.slice(0, end);
  const path = full === basePath || full.startsWith(`${basePath}/`) ? full.slice(basePath.length) : full;
  return { path, query: new URLSearchParams(local.slice(end + 1)) };
}

function refuseMethod(route: WebRoute, method: string | undefined): WebAnswer | null {
  const allowed = route.changes === true ? ["POST"] : ["GET", "HEAD"];
  if (allowed.includes(method ?? "")) return null;
  const allow = allowed.join(", ");
  return plain(405, `405 method not allowed: only ${allow}`, { Allow: allow });
}

function refuseHost(request: IncomingMessage, { ownNames, log }: DispatchOptions): WebAnswer | null {
  const { host } = request.headers;
  const why = refuseForeignHost(host, ownNames);
  if (why === null) return null;
  log.info("Refused a request for a host that is not the janitor's", { host, remote: remoteOf(request) });
  return plain(403, `403 forbidden: ${why}`);
}

function refuseChange(
  request: IncomingMessage,
  { enableLifecycle, external, log }: DispatchOptions,
): WebAnswer | null {
  if (!enableLifecycle) {
    return plain(403, "403 forbidden: this needs the flag --web.enable-lifecycle");
  }
  const why = refuseForeignPage(request.headers, external.origin);
  if (why === null) return null;
  log.warn("Refused a request of a foreign web page", {
    origin: request.headers.origin ?? null,
    remote: remoteOf(request),
  });
  return plain(403, `403 forbidden: ${why}`);
}

function remoteOf({ socket }: IncomingMessage): string | null {
  return socket.remoteAddress ?? null;
}

/**
 * Why a request must not be answered without a login, or null. DNS rebinding makes another site's name point here; its pages can then
 * read every answer, but the browser sends the name. IP addresses, localhost and the operator's own names are safe from it.
 * @param ownNames in lower case
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
 * Why a request that changes something must be refused, or null. A foreign page can make a browser send requests with the user's
 * login, but not change `Sec-Fetch-Site` and `Origin`, which name the page. Clients that send neither are no browsers: curl, a
 * scheduler. Where `Origin` and `Host` agree, {@link refuseForeignHost} has judged the host.
 * @param externalOrigin scheme, host and port of `--web.external-url`; null without one
 */
export function refuseForeignPage(
  headers: IncomingHttpHeaders,
  externalOrigin: string | null,
): string | null {
  const site = headers["sec-fetch-site"];
  const { origin, host = "" } = headers;
  // "none": the user has typed the URL.
  if (site !== undefined && site !== "same-origin" && site !== "none") return "it comes from another site";
  if (origin === undefined || origin === externalOrigin || hostOf(origin) === host.toLowerCase()) return null;
  return `it comes from ${origin}`;
}

function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}
