import { answerOf, BadAnswer, readAnswer, shorten, type GoodAnswer, type Look } from "./look.ts";
import { decodeTargetGroups, type Target } from "./target-groups.ts";

/** A response whose headers have come. */
export interface DiscoveryResponse {
  readonly status: number;
  /** "" if there is none. */
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** What the server says passes this before it is shown. */
  readonly redact: (text: string) => string;
  close(): Promise<void>;
}

/** GETs the discovery's URL. Rejects with a message that names it. */
export type AskServer = (
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<DiscoveryResponse>;

/** Asks a server for target groups, as Prometheus does. */
export function createHttpLook(url: string, refreshSeconds: number, ask: AskServer): Look {
  const headers = {
    accept: "application/json",
    "x-prometheus-refresh-interval-seconds": String(refreshSeconds),
  };
  // A query may hold a token.
  const where = url.replace(/\?.*$/s, "");
  return async (signal) => {
    let redact: GoodAnswer["redact"];
    const answer = await answerOf(async () => {
      const response = await ask(headers, signal);
      redact = response.redact;
      return readTargets(where, response);
    });
    return new Map([[url, answer.ok && redact !== undefined ? { ...answer, redact } : answer]]);
  };
}

async function readTargets(url: string, response: DiscoveryResponse): Promise<readonly Target[]> {
  try {
    if (response.status !== 200) throw new BadAnswer(`HTTP ${response.status} instead of 200`);
    if (!/^application\/json(?:;\s*charset=(?:"utf-8"|utf-8))?$/i.test(response.contentType.trim())) {
      throw new BadAnswer(
        `Content-Type is ${JSON.stringify(response.redact(shorten(response.contentType)))} instead of application/json`,
      );
    }
    return decodeTargetGroups(parseJson(await readAnswer(response.body)), response.redact);
  } catch (error) {
    throw error instanceof BadAnswer ? new BadAnswer(`GET ${url}: ${error.message}`) : error;
  } finally {
    await response.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadAnswer("the answer is not valid JSON");
  }
}
