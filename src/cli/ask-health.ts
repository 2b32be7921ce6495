import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";

import type { ListenAddress } from "../service/web/listen-address.ts";

export interface HealthAnswer {
  readonly healthy: boolean;
  /** What came back, or why nothing did. */
  readonly message: string;
}

/** A login or a rate limit also answers only when the service is well. */
const aliveStatuses: ReadonlySet<number> = new Set([200, 401, 429]);

/**
 * Asks a service of this machine whether it is well. Nothing is told to it that would have to be kept secret, so its
 * certificate is not checked, and what it asks of its clients (a login, a certificate of theirs) is an answer, too.
 */
export function askHealth(
  address: ListenAddress,
  scheme: "http" | "https",
  timeoutMs: number,
): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    let greeted = false;
    const request = (scheme === "https" ? requestHttps : requestHttp)({
      host: reachableHost(address.host),
      port: address.port,
      path: "/-/healthy",
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on("socket", (socket: Socket) => socket.once("secureConnect", () => (greeted = true)));
    request.on("response", (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve({ healthy: aliveStatuses.has(status), message: `status ${status}` });
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error.name === "AbortError" || error.name === "TimeoutError") {
        resolve({ healthy: false, message: `no answer within ${timeoutMs / 1000} s` });
      } else if (greeted) {
        resolve({ healthy: true, message: "it wants a certificate of its clients" });
      } else {
        resolve({ healthy: false, message: error.message || (error.code ?? "no connection") });
      }
    });
    request.end();
  });
}

/** Who listens on all addresses is found at the loopback one. */
function reachableHost(host: string | null): string {
  if (host === null || host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
