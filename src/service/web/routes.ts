import { randomBytes } from "node:crypto";

import { plain, type WebAnswer } from "./send-answer.ts";

/** The server adds the headers, compresses, and omits the body for HEAD. */
interface HandlerAnswer {
  /** An HTTP status. */
  readonly status: number;
  /** Parts are made when they can be sent, each one in some milliseconds of work. */
  readonly body: string | Iterable<string>;
}

/**
 * The content of the web server. A handler that throws is logged and answered with 500 without details. Handlers run at the same
 * time as each other and as sweeps; GET handlers must not change anything. Messages and statuses are sent as they are: no secrets.
 */
export interface WebHandlers {
  /** `GET /metrics` */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** `GET /-/ready`: the janitor's own state only, never a gateway's. False: 503. */
  ready(): boolean;
  /** `POST /-/reload`. `ok: false` is answered with 500. */
  reload(): Promise<{ readonly ok: boolean; readonly message: string }>;
  /**
   * `POST /-/sweep` and `/-/dry-run`
   * @param isForPage asked for on the page, which shows the result: it may be answered before the end
   */
  sweep(kind: SweepKind, isForPage: boolean): Promise<{ readonly status: number; readonly message: string }>;
  /** `GET /group`: the metrics of one group, as text. */
  group(query: URLSearchParams): Promise<{ readonly status: number; readonly text: string }>;
  /** `GET /config`: the configuration in force as YAML, without secrets. */
  configText(): string;
  /**
   * `GET /api/v1/report`. The body is JSON, also with 400 and the like.
   * @param client requests of one client wait for each other before those of others do
   */
  report(query: URLSearchParams, client: string): Promise<HandlerAnswer>;
  /**
   * `GET /`. The body is HTML, also with 400 and the like.
   * @param nonce new for each answer: only `<style nonce="…">` and `<script nonce="…">` with this value work, no `style=` or `on…=`
   * attributes and nothing from outside. Base64: safe in an attribute.
   */
  page(query: URLSearchParams, client: string, nonce: string): Promise<HandlerAnswer>;
}

export type SweepKind = "sweep" | "dry-run";

export interface WebRoute {
  /** It changes something: POST only, with `--web.enable-lifecycle` only, and never for a foreign page. */
  readonly changes?: true;
  /** It is answered whatever host the request names: probes and Prometheus have names of their own. */
  readonly anyHost?: true;
  readonly answer: (handlers: WebHandlers, query: URLSearchParams, client: string) => Promise<RouteAnswer>;
}

type RouteAnswer = WebAnswer<string | Iterable<string>>;

export const routes: Readonly<Record<string, WebRoute>> = {
  "/metrics": {
    anyHost: true,
    answer: async (handlers) => ({ status: 200, ...(await handlers.metrics()) }),
  },
  "/-/healthy": {
    anyHost: true,
    answer: () => Promise.resolve(plain(200, "pushgateway-janitor is healthy.")),
  },
  "/-/ready": {
    anyHost: true,
    answer: (handlers) => {
      const [status, state] = handlers.ready() ? [200, "ready"] : [503, "not ready"];
      return Promise.resolve(plain(status, `pushgateway-janitor is ${state}.`));
    },
  },
  // Not text/yaml, which browsers save instead of showing it.
  "/config": { answer: (handlers) => Promise.resolve({ ...plain(200, ""), body: handlers.configText() }) },
  "/group": {
    answer: async (handlers, query) => {
      const { status, text } = await handlers.group(query);
      return plain(status, text.trimEnd());
    },
  },
  "/api/v1/report": {
    answer: async (handlers, query, client) => ({
      ...(await handlers.report(query, client)),
      contentType: "application/json; charset=utf-8",
    }),
  },
  "/": {
    answer: async (handlers, query, client) => {
      const nonce = randomBytes(16).toString("base64");
      const answer = await handlers.page(query, client, nonce);
      return { ...answer, contentType: "text/html; charset=utf-8", nonce };
    },
  },
  "/-/reload": {
    changes: true,
    answer: async (handlers) => {
      const { ok, message } = await handlers.reload();
      return plain(ok ? 200 : 500, message);
    },
  },
  "/-/sweep": sweepRoute("sweep"),
  "/-/dry-run": sweepRoute("dry-run"),
};

function sweepRoute(kind: SweepKind): WebRoute {
  return {
    changes: true,
    answer: async (handlers, query) => {
      const isForPage = query.has("page");
      const { status, message } = await handlers.sweep(kind, isForPage);
      // Back to the page, below whatever path.
      return isForPage ? plain(303, message, { Location: "../" }) : plain(status, message);
    },
  };
}
