import { randomBytes } from "node:crypto";

import { plain, type WebAnswer } from "./answer.ts";
import type { PageRequest, WebHandlers } from "./handlers.ts";

export interface RouteRequest extends Omit<PageRequest, "nonce"> {
  readonly query: URLSearchParams;
}

type RouteAnswer = WebAnswer<string | Iterable<string>>;

export interface Route {
  /** Whether it changes something: POST only, with `--web.enable-lifecycle` only, and never for a foreign page. */
  readonly changes: boolean;
  /** Whether it is answered whatever host the request names: what probes and Prometheus ask for, by names of their own. */
  readonly anyHost: boolean;
  readonly answer: (handlers: WebHandlers, request: RouteRequest) => RouteAnswer | Promise<RouteAnswer>;
}

/** The endpoint at a path, or undefined. */
export function findRoute(path: string): Route | undefined {
  return Object.hasOwn(routes, path) ? routes[path] : undefined;
}

export const routes: Readonly<Record<string, Route>> = {
  "/metrics": readsForAnyHost(async (handlers) => ({ status: 200, ...(await handlers.metrics()) })),
  "/-/healthy": readsForAnyHost(() => plain(200, "pushgateway-janitor is healthy.")),
  "/-/ready": readsForAnyHost((handlers) =>
    handlers.ready()
      ? plain(200, "pushgateway-janitor is ready.")
      : plain(503, "pushgateway-janitor is not ready."),
  ),
  // Not text/yaml, which browsers save instead of showing it.
  "/config": reads((handlers) => ({ ...plain(200, ""), body: handlers.configText() })),
  "/api/v1/report": reads(async (handlers, { query, ...request }) => ({
    ...(await handlers.report(query, request)),
    contentType: "application/json; charset=utf-8",
  })),
  "/": reads(async (handlers, { query, ...request }) => {
    const nonce = randomBytes(16).toString("base64");
    const answer = await handlers.page(query, { ...request, nonce });
    return { ...answer, contentType: "text/html; charset=utf-8", nonce };
  }),
  "/-/reload": changes(async (handlers) => {
    const { ok, message } = await handlers.reload();
    return plain(ok ? 200 : 500, message);
  }),
  "/-/sweep": changes(async (handlers) => {
    const { status, message } = await handlers.sweep();
    return plain(status, message);
  }),
};

function reads(answer: Route["answer"]): Route {
  return { changes: false, anyHost: false, answer };
}

function readsForAnyHost(answer: Route["answer"]): Route {
  return { changes: false, anyHost: true, answer };
}

function changes(answer: Route["answer"]): Route {
  return { changes: true, anyHost: false, answer };
}
