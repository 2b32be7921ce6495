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
  /** Whether the visitor needs raw groups: then the bytes of the current one are kept. */
  readonly rawGroups?: boolean;
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
    const bytes = new GroupBytes(options.rawGroups === true);
    this.#bytes = bytes;
    let index = 0;
    this.#groups = new GroupScanner(neededFamilies(options), {
      begin: (offset) => {
        this.#groupBegin = offset;
      },
      end: (raw: ScannedGroup, offset) => {
        bytes.add(this.#chunk.subarray(this.#groupBegin ?? 0, offset));
        this.#groupBegin = null;
        visit({ group: decodeGroup(raw, index, bytes.size, options), raw: () => bytes.raw() });
        bytes.clear();
        index += 1;
      },
    });
    this.#scanner = new JsonScanner(this.#groups);
  }

  /** @throws {@link RequestError} then groups that were visited before must not be acted on */
  write(chunk: Buffer): void {
    if (this.#start === "") this.#start = chunk.toString("latin1", 0, 100);
    this.#chunk = chunk;
    this.#explained(() => this.#scanner.write(chunk));
    if (this.#groupBegin === null) return;
    this.#bytes.add(chunk.subarray(this.#groupBegin));
    this.#groupBegin = 0;
  }

  /** @throws {@link RequestError} if the answer is incomplete, or not a success */
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

/** Collects the bytes of one group, which may span chunks. */
class GroupBytes {
  readonly #keeps: boolean;
  readonly #parts: Buffer[] = [];
  #size = 0;

  /** @param keeps whether more than the size is needed */
  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  /** Since the last `clear`. */
  get size(): number {
    return this.#size;
  }

  add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > maxGroupBytes) this.#parts.length = 0;
    else if (this.#keeps) this.#parts.push(part);
  }

  /** A copy, as a part of a chunk would keep all of it in memory. null: the group is over its budget. */
  raw(): Buffer | null {
    if (!this.#keeps) throw new Error("the snapshot was opened without rawGroups");
    return this.#size > maxGroupBytes ? null : Buffer.concat(this.#parts);
  }

  clear(): void {
    this.#parts.length = 0;
    this.#size = 0;
  }
}

/** The group as the API returned it: the grouping key and, as its siblings, every family by name. */
export function parseRawGroup(bytes: Buffer): JsonObject {
  return JSON.parse(bytes.toString("utf8")) as JsonObject;
}

/**
 * Never used, and never garbage. V8 discards compiled code with the last object of its class: without this one, a service would read at
 * half the speed after every garbage collection. Exported, as V8 would otherwise discard it, too.
 */
export const residentReader = new ApiReader(
  { method: "GET", url: "" },
  { naming: { utf8Names: false }, gauges: new Set() },
  () => {},
);
