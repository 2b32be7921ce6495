import { formatDuration } from "../core/duration.ts";
import { isJsonObject, parseJsonObject } from "../core/json.ts";
import { quote } from "../core/labels.ts";
import type { KnownHosts } from "../core/liveness.ts";
import { parseTimestamp } from "../core/time.ts";
import { createHttpClient, type OpenResponse, readStart } from "../http/client.ts";
import { excerpt, expectSuccess, firstWords, isSuccess } from "../http/expect-success.ts";
import { JsonError, JsonShapeError } from "../http/json-list.ts";
import { RequestError } from "../http/request-error.ts";
import type { ServerOptions } from "../http/server-options.ts";
import { SeriesReader, type Series } from "./series-reader.ts";

/** One Prometheus, or a server with its query API. Close it when done. */
export interface Prometheus {
  readonly url: string;
  /**
   * Which hosts exist: the values of a label in the answer of an instant query. Never rejects: an answer that fails, comes late, may be
   * incomplete, is no vector, names no host, or comes from a Prometheus that has just been started says nothing about hosts.
   */
  queryHosts(query: string, label: string, signal?: AbortSignal): Promise<KnownHosts>;
  /**
   * Runs an instant query that answers a vector. What `visit` was given counts only once this has resolved.
   * @returns Prometheus' warnings: why the answer may be incomplete or wrong
   * @throws {@link RequestError}
   */
  query(query: string, visit: (series: Series) => void, signal?: AbortSignal): Promise<readonly string[]>;
  /** As {@link Prometheus.query}, for a range. */
  queryRange(
    query: string,
    range: QueryRange,
    visit: (series: Series) => void,
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface QueryRange {
  /** Unix seconds; the query is evaluated at both ends, too. */
  readonly start: number;
  readonly end: number;
  /** At most 11,000 of them fit into a range. */
  readonly stepSeconds: number;
}

/** Of one answer, which is read as it arrives: names of 200,000 hosts take about 20 MB. */
const maxSeries = 200_000;
/** Of the kept labels of one answer: 320 for each of so many series. */
const maxCharacters = 64_000_000;

/** @param minUptimeSeconds how long Prometheus has to be up before its answers say which hosts exist */
export function createPrometheus(options: ServerOptions, minUptimeSeconds = 0): Prometheus {
  const client = createHttpClient(options);

  /** By POST, because a query may be longer than a URL can be. */
  async function run(
    path: string,
    parameters: Readonly<Record<string, string>>,
    resultType: "vector" | "matrix",
    visit: (series: Series) => void,
    signal: AbortSignal | undefined,
    onlyLabel: string | null = null,
  ): Promise<readonly string[]> {
    const response = await client.open({
      method: "POST",
      path,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      // Prometheus ends a query after this time, as its answer is no longer read then.
      body: new URLSearchParams({ ...parameters, timeout: String(options.timeoutSeconds) }).toString(),
      signal,
    });
    const { approach } = response;
    const fail = (what: string): RequestError => new RequestError("unexpected_answer", approach, what);
    await expectQuerySuccess(response);
    let count = 0;
    let characters = 0;
    const reader = new SeriesReader((series) => {
      count += 1;
      if (count > maxSeries) throw new RequestError("too_large", approach, tooManySeries);
      for (const [name, value] of series.labels) characters += name.length + value.length;
      if (characters > maxCharacters) throw new RequestError("too_large", approach, tooLongLabels);
      visit(series);
    }, onlyLabel);
    try {
      for await (const chunk of response.body) reader.write(chunk);
      const facts = reader.end();
      if (facts.status !== "success") throw fail("the answer is not Prometheus' API");
      if (facts.resultType !== resultType) {
        const type = firstWords(facts.resultType, approach.redact) || "nothing";
        throw fail(`the query answers ${type} instead of ${resultType}`);
      }
      return facts.warnings.map((warning) => firstWords(warning, approach.redact));
    } catch (error) {
      if (error instanceof JsonError) throw notJson(response, error);
      if (error instanceof JsonShapeError) throw fail(error.message);
      throw error;
    } finally {
      response.close();
    }
  }

  /**
   * By Prometheus' own clock. null: it does not say, as other servers with its query API.
   * @throws {@link RequestError}
   */
  async function readUptime(signal: AbortSignal | undefined): Promise<number | null> {
    const response = await client.open({ method: "GET", path: "/api/v1/status/runtimeinfo", signal });
    const { bytes } = await readStart(response.body, maxStatusBytes, "leave");
    response.close();
    const { status, headers, approach } = response;
    if (status >= 500) throw new RequestError("http_status", approach, `HTTP ${status}`, undefined, status);
    const data = parseJsonObject(bytes.toString("utf8"))?.["data"];
    const startedAt = isJsonObject(data) ? parseTimestamp(data["startTime"]) : null;
    const now = Date.parse(headers["date"] ?? "") / 1000;
    return startedAt === null || Number.isNaN(now) ? null : now - startedAt;
  }

  return {
    url: options.url,
    async queryHosts(query, label, signal) {
      const hosts = new Set<string>();
      let series = 0;
      const fail = (what: string): KnownHosts => ({ ok: false, message: `${url}: ${what}` });
      const url = client.urlOf("/api/v1/query");
      try {
        const visit = ({ labels }: Series): void => {
          series += 1;
          const host = labels.get(label) ?? "";
          if (host !== "") hosts.add(host);
        };
        const [warning] = await run("/api/v1/query", { query }, "vector", visit, signal, label);
        if (warning !== undefined) return fail(`the answer may be incomplete: ${warning}`);
        if (series === 0) return fail("no series in the answer");
        if (hosts.size === 0) return fail(`no series in the answer has the label ${quote(label)}`);
        // After the query: a restart in between shows, too.
        const uptime = minUptimeSeconds === 0 ? null : await readUptime(signal);
        if (uptime !== null && uptime < minUptimeSeconds) {
          const [up, needed] = [
            formatDuration(Math.max(0, Math.floor(uptime))),
            formatDuration(minUptimeSeconds),
          ];
          return fail(
            `Prometheus has been up for ${up} only, and may not know all hosts before ${needed} (min_uptime)`,
          );
        }
        return { ok: true, hosts };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return { ok: false, message: error.message };
      }
    },
    query: (query, visit, signal) => run("/api/v1/query", { query }, "vector", visit, signal),
    queryRange(query, { start, end, stepSeconds }, visit, signal) {
      const range = { start: String(start), end: String(end), step: String(stepSeconds) };
      return run("/api/v1/query_range", { query, ...range }, "matrix", visit, signal);
    },
    close: () => client.close(),
  };
}

const tooManySeries = "more than 200,000 series; let the query sum up, for example: count by (instance) (up)";

const tooLongLabels =
  "more than 64 MB of labels; let the query sum up, for example: count by (instance) (up)";

const maxErrorBytes = 64 * 1024;
const maxStatusBytes = 64 * 1024;

/**
 * Prometheus explains its errors in JSON: 400 a query that it does not understand, with the position; 422 one that fails; 503 one that
 * takes too long.
 * @throws {@link RequestError}; then the response is closed
 */
async function expectQuerySuccess(response: OpenResponse): Promise<void> {
  const { status, approach } = response;
  if (isSuccess(status)) return;
  const { bytes } = await readStart(response.body, maxErrorBytes, "leave");
  response.close();
  const text = bytes.toString("utf8");
  const message = parseJsonObject(text)?.["error"];
  if (typeof message !== "string") {
    // A Prometheus that is starting answers so until it has read its log.
    const isStarting = status === 503 && /^Service Unavailable\s*$/.test(text);
    if (isStarting)
      throw new RequestError("http_status", approach, "HTTP 503: it is still starting", undefined, 503);
    return expectSuccess({ ...response, text });
  }
  const what = `HTTP ${status}${excerpt(message, approach.redact)}`;
  throw new RequestError("http_status", approach, what, undefined, status);
}

function notJson({ approach, headers }: OpenResponse, cause: JsonError): RequestError {
  const isPage = /^text\/html\b/i.test(headers["content-type"] ?? "");
  const what = isPage
    ? "the answer is a web page, not Prometheus' API (a login page? a wrong url?)"
    : "the answer is not valid JSON (cut off, or not Prometheus' API)";
  return new RequestError("not_json", approach, what, cause);
}
