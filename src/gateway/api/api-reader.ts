import { type RequestName, explainSilence, RequestError } from "../../http/request-error.ts";
import { type Clock, clocksAtStart } from "../../core/time.ts";
import type { Redact } from "../../http/redact.ts";
import { breathe } from "../breathe.ts";
import type { HttpClient } from "../../http/client.ts";
import { expectFreshSuccess, freshHeaders } from "../../http/expect-success.ts";
import type { OpenSnapshot, VisitGroup } from "../snapshot.ts";
import { checkEnvelope, notJson } from "../status.ts";
import { decodeGroup, neededFamilies, type DecodeOptions } from "./decode-group.ts";
import { ApiShapeError, GroupScanner, type ScannedGroup } from "./group-scanner.ts";
import { JsonError, JsonScanner } from "../../http/json-scanner.ts";
import type { JsonObject } from "../../core/json.ts";
import { maxGroupBytes } from "../budget.ts";

export interface ApiReadOptions extends DecodeOptions {
  /** Whether the visitor may ask for whole groups: then the bytes of the current one are kept. */
  readonly wholes?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiReaderOptions extends Omit<ApiReadOptions, "signal"> {
  readonly redact?: Redact;
}

/**
 * Opens a snapshot from `GET /api/v1/metrics`: every group with all its metrics, consistent, of the moment when the
 * gateway began with the request. The gateway builds the whole answer before its first byte, in 9 to 20 times the
 * memory, so there is never a second request beside this one, nor a retry of one that timed out.
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
    // A push of a family without samples makes every such request panic in the gateway, which closes the connection without
    // an answer until that group is gone (seen on 1.5.1 and 1.11).
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
  let sizeBytes = 0;
  return {
    source: "api",
    request,
    requestedAt,
    clocks,
    sizeBytes: () => sizeBytes,
    process: () => null,
    async read(visit) {
      const reader = new ApiReader(request, { ...options, redact: response.approach.redact }, visit);
      try {
        for await (const chunk of breathe(response.body)) {
          sizeBytes += chunk.length;
          reader.write(chunk);
        }
        reader.end();
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
  readonly #scanner: JsonScanner;
  readonly #groups: GroupScanner;
  readonly #bytes: GroupBytes;
  #start = "";
  #chunk: Buffer = Buffer.alloc(0);
  /** Of the current group in the current chunk; null outside of groups. */
  #groupBegin: number | null = null;

  constructor(request: RequestName, options: ApiReaderOptions, visit: VisitGroup) {
    this.#request = request;
    this.#redact = options.redact ?? ((text) => text);
    const bytes = new GroupBytes(options.wholes === true);
    this.#bytes = bytes;
    let index = 0;
    this.#groups = new GroupScanner(neededFamilies(options), {
      begin: (offset) => {
        this.#groupBegin = offset;
      },
      end: (raw: ScannedGroup, offset) => {
        bytes.add(this.#chunk.subarray(this.#groupBegin ?? 0, offset));
        this.#groupBegin = null;
        visit({ group: decodeGroup(raw, index, bytes.size, options), whole: () => bytes.whole() });
        bytes.clear();
        index += 1;
      },
    });
    this.#scanner = new JsonScanner(this.#groups);
  }

  /** @throws {@link RequestError} then nothing that was visited before may be acted on */
  write(chunk: Buffer): void {
    if (this.#start === "") this.#start = chunk.toString("latin1", 0, 100);
    this.#chunk = chunk;
    this.#explained(() => this.#scanner.write(chunk));
    if (this.#groupBegin === null) return;
    this.#bytes.add(chunk.subarray(this.#groupBegin));
    this.#groupBegin = 0;
  }

  /** @throws {@link RequestError} if this was not all, or not a success */
  end(): void {
    this.#explained(() => this.#scanner.end());
    checkEnvelope(this.#request, this.#groups.envelope, this.#redact);
    if (!this.#groups.hasData) throw this.#unexpected("data is not a list of groups; is this a Pushgateway?");
  }

  #explained(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof JsonError) throw notJson(this.#request, this.#start, error);
      if (error instanceof ApiShapeError) throw this.#unexpected(error.message);
      throw error;
    }
  }

  #unexpected(what: string): RequestError {
    return new RequestError("unexpected_answer", this.#request, what);
  }
}

/** Collects the bytes of one group, which may begin in an earlier chunk than it ends in. */
export class GroupBytes {
  readonly #keeps: boolean;
  readonly #parts: Buffer[] = [];
  #size = 0;

  /** @param keeps whether more than the size is asked for */
  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  /** Of the parts since the last `clear`. */
  get size(): number {
    return this.#size;
  }

  add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > maxGroupBytes) this.#parts.length = 0;
    else if (this.#keeps) this.#parts.push(part);
  }

  /** A copy: a part of a chunk that is kept would keep all of it. null: it is over its budget. */
  whole(): Buffer | null {
    if (!this.#keeps) throw new Error("whole groups were not asked for");
    return this.#size > maxGroupBytes ? null : Buffer.concat(this.#parts);
  }

  clear(): void {
    this.#parts.length = 0;
    this.#size = 0;
  }
}

/** The group as the API told it: the grouping key and, as its siblings, every family by name. */
export function parseWhole(bytes: Buffer): JsonObject {
  return JSON.parse(bytes.toString("utf8")) as JsonObject;
}

/**
 * Never used, and never collected. V8 throws compiled code away with the last object that it was compiled for: without this one a
 * service would read at half the speed after every collection. Exported, because only so it stays.
 */
export const residentReader = new ApiReader(
  { method: "GET", url: "" },
  { naming: { utf8Names: false }, gauges: new Set() },
  () => {},
);
