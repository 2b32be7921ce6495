import type { RouteOptions } from "./route.ts";

/** How to reach one server; what its settings come to once all files are read. */
export interface ServerOptions extends RouteOptions {
  /** `http://host:9091/prefix`, without a slash at the end. */
  readonly url: string;
  /** For one whole request, body included. Over 0. */
  readonly timeoutSeconds: number;
  /** Sent with every request: credentials and the like. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** What is sent in headers to the server or a proxy and must not be shown. */
  readonly secrets?: readonly string[];
}
