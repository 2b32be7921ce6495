import type { HttpDiscoverySettings } from "../config/config.ts";
import type { AskServer } from "../discovery/http-look.ts";
import { createHttpClient } from "../http/client.ts";
import { RequestError } from "../http/request-error.ts";
import type { Environment } from "./world.ts";
import { readServerOptions } from "./connect.ts";

const maxTimeoutSeconds = 30;

/** Asks a discovery's server with its own HTTP settings; secrets are read anew each time. */
export function createAskServer(
  { url, http }: Omit<HttpDiscoverySettings, "mechanism">,
  refreshSeconds: number,
  env: Environment,
): AskServer {
  const { origin, pathname, search, searchParams } = new URL(url);
  const timeoutSeconds = Math.min(refreshSeconds, maxTimeoutSeconds);
  return async (headers, signal) => {
    const options = await readServerOptions({ url: origin, timeoutSeconds, http }, env);
    // A server may repeat the query, too.
    const secrets = [...(options.secrets ?? []), ...searchParams.values()];
    const client = createHttpClient({ ...options, secrets });
    try {
      const request = { method: "GET", path: pathname + search, headers, signal, mayBeCached: true } as const;
      const response = await client.open(request);
      return {
        status: response.status,
        contentType: response.headers["content-type"] ?? "",
        body: response.body,
        redact: response.approach.redact,
        async close() {
          response.close();
          await client.close();
        },
      };
    } catch (error) {
      await client.close();
      // The client speaks of gateways and of their timeout.
      if (error instanceof RequestError && error.code === "timeout")
        throw new Error(`GET ${origin}${pathname}: no answer within ${timeoutSeconds} s`, { cause: error });
      throw error;
    }
  };
}
