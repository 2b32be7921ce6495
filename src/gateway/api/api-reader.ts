import { type RequestName, explainSilence, RequestError } from "../../http/request-error.ts";
import { type Clock, clocksAtStart } from "../../core/time.ts";
import type { Redact } from "../../http/redact.ts";
import { breathe } from "../breathe.ts";
import type { HttpClient } from "../../http/client.ts";
import { expectFreshSuccess, freshHeaders } from "../../http/expect-success.ts";
import type { OpenSnapshot, VisitGroup } from "../snapshot.ts";
import { checkEnvelope, notJson } from "../status.ts";
import { decodeGroup, type DecodeOptions } from "./decode-group.ts";
import { JsonError, JsonList, JsonShapeError } from "../../http/json-list.ts";
import type { JsonObject } from "../../core/json.ts";
import { maxGroupBytes } from "../budget.ts";

/** `{data: [{<family>: {metrics: [{labels: {…}}]}}]}`. Of a family with more series than are kept, decisions need only their number. */
const groupList = { name: "data", depth: 1, keptItems: 20, maxElementBytes: maxGroupBytes };

export interface ApiReadOptions extends DecodeOptions {
  readonly signal?: AbortSignal | undefined;
}

interface ApiReaderOptions extends Omit<ApiReadOptions, "signal"> {
  readonly redact?: Redact;
}

/**
 * Opens a snapshot from `GET /api/v1/metrics`: every group with all its metrics, at the time when the gateway began to answer. The
 * gateway builds the answer before it sends the first byte, in 9 to 20 times the memory, so there is never a second request at the same
 * time, nor a retry after a timeout.
 * @throws {@link RequestError}
 */
export async function openApiSnapshot(
  client: HttpClient,
  clock: Clock,
  options: ApiReadOptions,
): Promise<OpenSnapshot> {
  const path = "/api/v1/metrics";
  const request = { method: "GET", url: client.urlOf(path) };
  const requestedAt = clock.monotonic();
  const localNow = clock.now();
  const { signal } = options;
  const response = await client
    .open({ method: "GET", path, headers: freshHeaders, signal })
    // After a push of a family without samples the gateway panics on every such request, and closes the connection without an
    // answer, until that group is gone (seen on 1.5.1 and 1.11).
    .catch(
      explainSilence(
        request,
        "the gateway closed the connection without an answer; a group may be breaking its API (run `pushgateway-janitor doctor`), " +
          "or it ran out of memory (`source: auto` needs less)",
      ),
    );
  const elapsedSeconds = clock.monotonic() - requestedAt;
  const clocks = clocksAtStart(response.headers.date, elapsedSeconds, localNow);
  await expectFreshSuccess(response);
  return {
    source: "api",
    request,
    requestedAt,
    clocks,
    async read(visit) {
      let sizeBytes = 0;
      const reader = new ApiReader(request, { ...options, redact: response.approach.redact }, visit);
      try {
        for await (const chunk of breathe(response.body)) {
          sizeBytes += chunk.length;
          reader.write(chunk);
        }
        reader.end();
        return { sizeBytes, process: null };
      } finally {
        response.close();
      }
    },
  };
}

/** Reads the body of the API's answer as it arrives. */
export class ApiReader {
  readonly #request: RequestName;
  readonly #redact: Redact;
  readonly #groups: JsonList;
  #start = "";

  constructor(request: RequestName, options: ApiReaderOptions, visit: VisitGroup) {
    this.#request = request;
    this.#redact = options.redact ?? ((text) => text);
    let index = 0;
    this.#groups = new JsonList(groupList, ({ value, sizeBytes, raw }) => {
      visit({ group: decodeGroup(value, index, sizeBytes, options), raw });
      index += 1;
    });
  }

  /** @throws {@link RequestError} then groups that were visited before must not be acted on */
  write(chunk: Buffer): void {
    if (this.#start === "") this.#start = chunk.toString("latin1", 0, 100);
    this.#explained(() => this.#groups.write(chunk));
  }

  /** @throws {@link RequestError} if the answer is incomplete, or not a success */
  end(): void {
    const answer = this.#explained(() => this.#groups.end());
    const data = checkEnvelope(this.#request, answer, this.#redact);
    if (!Array.isArray(data) || data.length > 0)
      throw this.#unexpected("data is not a list of groups; is this a Pushgateway?");
  }

  #explained<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof JsonError) throw notJson(this.#request, this.#start, error);
      if (!(error instanceof JsonShapeError)) throw error;
      // An error too long to be parsed.
      const isError = this.#start.startsWith('{"status":"error"');
      if (isError) checkEnvelope(this.#request, { status: "error", error: this.#start }, this.#redact);
      throw this.#unexpected(error.message);
    }
  }

  #unexpected(what: string): RequestError {
    return new RequestError("unexpected_answer", this.#request, what);
  }
}

/** The group as the API returned it: the grouping key and, as its siblings, every family by name. */
export function parseRawGroup(bytes: Buffer): JsonObject {
  return JSON.parse(bytes.toString("utf8")) as JsonObject;
}
