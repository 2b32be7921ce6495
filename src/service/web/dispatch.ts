import type { IncomingMessage } from "node:http";

import type { Logger } from "../../telemetry/logger.ts";
import { plain, type ReadyAnswer, type WebAnswer } from "./answer.ts";
import { beginBody, type InTurn } from "./body.ts";
import { clientOf } from "./client.ts";
import { refuseForeignPage } from "./cross-site.ts";
import type { WebHandlers } from "./handlers.ts";
import { findRoute, type Route } from "./routes.ts";

export interface DispatchOptions {
  readonly handlers: WebHandlers;
  readonly enableLifecycle: boolean;
  readonly external: ExternalUrl;
  readonly inTurn: InTurn;
  readonly log: Logger;
}

/** Where people find the janitor, if that is another place than where it listens. */
export interface ExternalUrl {
  /** null without `--web.external-url`. */
  readonly origin: string | null;
  /** Without a slash at the end; "" without one. */
  readonly basePath: string;
}

/** @throws {@link TypeError} for what is no URL */
export function parseExternalUrl(text: string | undefined): ExternalUrl {
  if (text === undefined || text === "") return { origin: null, basePath: "" };
  const { origin, pathname } = new URL(text);
  return { origin, basePath: pathname.replace(/\/+$/, "") };
}

/**
 * Finds the endpoint of a request, checks whether it may be used like this, and asks its handler.
 * @param authenticated whether the connection or a login vouches for the client
 * @returns null if the client has gone in the meantime
 */
export async function dispatch(
  request: IncomingMessage,
  authenticated: boolean,
  { handlers, enableLifecycle, external, inTurn, log }: DispatchOptions,
): Promise<ReadyAnswer | null> {
  const { path, query } = parseTarget(request.url ?? "", external.basePath);
  const route = findRoute(path);
  if (route === undefined) return plain(404, "404 page not found");
  const refusal =
    refuseMethod(route, request.method) ??
    (route.changes ? refuseChange(request, authenticated, { enableLifecycle, external, log }) : null);
  if (refusal !== null) return refusal;
  try {
    const client = clientOf(request.socket);
    const context = { query, basePath: external.basePath, lifecycle: enableLifecycle, client };
    const answer = await route.answer(handlers, context);
    if (route.changes)
      log.info("Answered a request", { path, status: answer.status, remote: remoteOf(request) });
    const { body } = answer;
    if (typeof body === "string") return { ...answer, body };
    return request.socket.writable ? { ...answer, body: await beginBody(body, inTurn) } : null;
  } catch (error) {
    log.error("A web request failed", { path, error: error instanceof Error ? error.stack : String(error) });
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
  const whole = local.slice(0, end);
  const below = whole === basePath || whole.startsWith(`${basePath}/`);
  const path = below ? whole.slice(basePath.length) : whole;
  return { path: path === "" ? "/" : path, query: new URLSearchParams(local.slice(end + 1)) };
}

function refuseMethod(route: Route, method: string | undefined): WebAnswer | null {
  const allowed = route.changes ? ["POST"] : ["GET", "HEAD"];
  if (allowed.includes(method ?? "")) return null;
  const allow = allowed.join(", ");
  return plain(405, `405 method not allowed: only ${allow}`, { Allow: allow });
}

function refuseChange(
  request: IncomingMessage,
  authenticated: boolean,
  { enableLifecycle, external, log }: Pick<DispatchOptions, "enableLifecycle" | "external" | "log">,
): WebAnswer | null {
  if (!enableLifecycle) {
    return plain(403, "403 forbidden: this needs the flag --web.enable-lifecycle");
  }
  const why = refuseForeignPage(request.headers, { externalOrigin: external.origin, authenticated });
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
