import { randomBytes } from "node:crypto";
import { plain, type WebAnswer } from "./answer.ts";

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

/** What a handler answers: the server adds the headers, compresses, and leaves the body out for HEAD. */
export interface Answer {
  /** An HTTP status. */
  readonly status: number;
  /** Parts are made when they can be sent, each one at a turn of its own: no more than some milliseconds of work. */
  readonly body: string | Iterable<string>;
}

/** What the page needs to know of the request and of the server in front of it. */
export interface PageRequest {
  /**
   * New for each answer. The Content-Security-Policy lets only `<style nonce="…">` and `<script nonce="…">` with this
   * value work: no `style=` or `on…=` attributes, nothing from outside. Images may be `data:` URLs, forms and requests
   * go to the janitor itself. Base64 characters only: safe in an attribute.
   */
  readonly nonce: string;
  /** Path of `--web.external-url` without a slash at the end, "" without one: `${basePath}/api/v1/report`. */
  readonly basePath: string;
  /** Whether `POST /-/reload` and `POST /-/sweep` are served. */
  readonly lifecycle: boolean;
  /** Who asks: requests of one client wait for each other before those of others do. */
  readonly client: string;
}

/**
 * What the web server serves, implemented by the service. A handler that throws is logged and answered with 500 without
 * details. Handlers run at the same time as each other and as sweeps; GET handlers must not change anything.
 */
export interface WebHandlers {
  /** `GET /metrics` */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** `GET /-/ready`: the janitor's own state only, never a gateway's. False: 503. */
  ready(): boolean;
  /** `POST /-/reload`. `ok: false` is answered with 500; the message, without secrets, is sent as it is. */
  reload(): Promise<{ readonly ok: boolean; readonly message: string }>;
  /** `POST /-/sweep`. Status and message, without secrets, are sent as they are. */
  sweep(): Promise<{ readonly ok: boolean; readonly status: number; readonly message: string }>;
  /** `GET /config`: the configuration in force as YAML, without secrets. */
  configText(): string;
  /** `GET /api/v1/report`. The body is JSON, also with 400 and the like. */
  report(query: URLSearchParams, request: Pick<PageRequest, "client">): Promise<Answer>;
  /** `GET /`. The body is HTML, also with 400 and the like. */
  page(query: URLSearchParams, request: PageRequest): Promise<Answer>;
}
