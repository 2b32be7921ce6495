import { createHttpClient, type OpenResponse } from "../http/client.ts";
import type { ServerOptions } from "../http/server-options.ts";
import {
  answerOf,
  BadAnswer,
  readText,
  shorten,
  type Answer,
  type GoodAnswer,
  type ReadSources,
  type Target,
  decodeTargetGroups,
} from "./answer.ts";

interface HttpSource {
  readonly url: string;
  readonly refreshSeconds: number;
  /** The server's settings as of now: secrets are read again for each request. Rejects with a message for people. */
  readonly readOptions: (server: Pick<ServerOptions, "url" | "timeoutSeconds">) => Promise<ServerOptions>;
}

const maxTimeoutSeconds = 30;

/** Asks a server for target groups, as Prometheus does. */
export function createHttpReader({ url, refreshSeconds, readOptions }: HttpSource): ReadSources {
  const { origin, pathname, search, searchParams } = new URL(url);
  const timeoutSeconds = Math.min(refreshSeconds, maxTimeoutSeconds);
  const headers = {
    accept: "application/json",
    "x-prometheus-refresh-interval-seconds": String(refreshSeconds),
  };
  return async (signal) => {
    let redact: GoodAnswer["redact"];
    const answer: Answer = await answerOf(async () => {
      const options = await readOptions({ url: origin, timeoutSeconds });
      // A query may hold a token, and a server may repeat it.
      const secrets = [...(options.secrets ?? []), ...searchParams.values()];
      const client = createHttpClient({ ...options, secrets });
      ({ redact } = client);
      try {
        const path = pathname + search;
        const request = { method: "GET", path, headers, timeoutSeconds, signal, mayBeCached: true } as const;
        return await readTargets(await client.open(request));
      } finally {
        await client.close();
      }
    });
    return new Map([[url, answer.ok && redact !== undefined ? { ...answer, redact } : answer]]);
  };
}

async function readTargets(response: OpenResponse): Promise<readonly Target[]> {
  const { redact, url } = response.approach;
  try {
    if (response.status !== 200) throw new BadAnswer(`HTTP ${response.status} instead of 200`);
    const type = (response.headers["content-type"] ?? "").trim();
    if (!/^application\/json(?:;\s*charset=(?:"utf-8"|utf-8))?$/i.test(type)) {
      const shown = JSON.stringify(redact(shorten(type)));
      throw new BadAnswer(`Content-Type is ${shown} instead of application/json`);
    }
    return decodeTargetGroups(parseJson(await readText(response.body)), redact);
  } catch (error) {
    throw error instanceof BadAnswer ? new BadAnswer(`GET ${url}: ${error.message}`) : error;
  } finally {
    response.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadAnswer("the answer is not valid JSON");
  }
}
