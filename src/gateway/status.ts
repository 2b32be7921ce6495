import { type RequestName, RequestError } from "../http/request-error.ts";
import { posix } from "node:path";
import { isJsonObject } from "../core/json.ts";
import type { Redact } from "../http/redact.ts";
import type { HttpClient, WholeResponse } from "../http/client.ts";
import { excerpt, expectSuccess } from "../http/expect-success.ts";
import { parseTimestamp } from "../core/time.ts";

/** `GET /api/v1/status`. */
export interface GatewayInfo {
  /**
   * The start of the process as text, to the nanosecond: answers with different texts come from different processes. Empty without an
   * API.
   */
  readonly startTime: string;
  /** Unix seconds of the gateway's clock; null without an API. */
  readonly startedAt: number | null;
  /** Whether there is `/api/v1`: since 1.2.0. Without it, all other values are guesses. */
  readonly hasApi: boolean;
  /** Whether label names may be any UTF-8 and are escaped in paths: `--push.enable-utf8-names`, since 1.11. */
  readonly utf8Names: boolean;
  /** Whether every push is checked against all groups: the default. */
  readonly checksConsistency: boolean;
  /** Where `/metrics` is, below the gateway's prefix: `--web.telemetry-path`. */
  readonly expositionPath: string;
  /** For example `1.11.0`; empty if unknown. */
  readonly version: string;
}

const withoutApi: GatewayInfo = {
  startTime: "",
  startedAt: null,
  hasApi: false,
  utf8Names: false,
  checksConsistency: true,
  expositionPath: "/metrics",
  version: "",
};

/** @throws {@link RequestError} */
export async function readStatus(
  client: HttpClient,
  signal?: AbortSignal,
  connection: "main" | "fresh" = "main",
): Promise<GatewayInfo> {
  const path = "/api/v1/status";
  const request = { method: "GET", url: client.urlOf(path) };
  const response = await client.send({ method: "GET", path, signal, connection });
  if (response.status === 404 && (await knowsHealth(client, signal))) return withoutApi;
  expectSuccess(response);
  const data = parseApiAnswer(request, response);
  const startedAt = isJsonObject(data) ? parseTimestamp(data["start_time"]) : null;
  if (!isJsonObject(data) || startedAt === null) {
    throw new RequestError(
      "unexpected_answer",
      request,
      "no start_time in the answer; is this a Pushgateway?",
    );
  }
  const flags = isJsonObject(data["flags"]) ? data["flags"] : {};
  const build = isJsonObject(data["build_information"]) ? data["build_information"] : {};
  return {
    startTime: String(data["start_time"]),
    startedAt,
    hasApi: true,
    utf8Names: flags["push.enable-utf8-names"] === "true",
    checksConsistency: flags["push.disable-consistency-check"] !== "true",
    expositionPath: findExpositionPath(flags["web.telemetry-path"]),
    version: typeof build["version"] === "string" ? build["version"] : "",
  };
}

/** Whether there is a gateway at the URL, which has `/-/healthy` since 0.5: then the API is missing, and the prefix is right. */
async function knowsHealth(client: HttpClient, signal: AbortSignal | undefined): Promise<boolean> {
  const { status } = await client.send({ method: "GET", path: "/-/healthy", signal });
  return status === 200 || status === 500;
}

/** The error for a caller that needs the API. */
export function missingApi(client: HttpClient): RequestError {
  return new RequestError(
    "http_status",
    { method: "GET", url: client.urlOf("/api/v1/status") },
    "there is no /api/v1 here: this is a Pushgateway older than 1.2.0, or something in front of it hides the API. Set source: exposition",
    undefined,
    404,
  );
}

/** Without the gateway's prefix, normalised as the gateway does it (seen on 1.5.1 and 1.11). */
function findExpositionPath(flag: unknown): string {
  const isPlain = typeof flag === "string" && /^\/[\w.~!$&'()*+,;=:@/-]{1,300}$/.test(flag);
  return isPlain ? posix.normalize(flag).replace(/\/$/, "") : "/metrics";
}

/**
 * Unwraps the API's envelope.
 * @throws {@link RequestError} if it is not JSON, not the envelope, or an error
 */
function parseApiAnswer(request: RequestName, { text, approach }: WholeResponse): unknown {
  return checkEnvelope(request, parseJson(request, text), approach.redact);
}

/**
 * @returns its data
 * @throws {@link RequestError} unless it is a success
 */
export function checkEnvelope(request: RequestName, answer: unknown, redact: Redact): unknown {
  if (!isJsonObject(answer)) throw notTheApi(request);
  const { status, error, data } = answer;
  if (status === "error") {
    throw new RequestError(
      "api_error",
      request,
      `the gateway reports an error${excerpt(String(error), redact)}`,
    );
  }
  if (status !== "success") throw notTheApi(request);
  return data;
}

function notTheApi(request: RequestName): RequestError {
  return new RequestError("unexpected_answer", request, "the answer is not the Pushgateway's API");
}

function parseJson(request: RequestName, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(request, text, error);
  }
}

/** @param start of the answer */
export function notJson(request: RequestName, start: string, cause: unknown): RequestError {
  const looksLikeHtml = /^\s*</.test(start);
  return new RequestError(
    "not_json",
    request,
    looksLikeHtml
      ? "the answer is a web page, not the Pushgateway's API (a login page? a wrong url?)"
      : "the answer is not valid JSON (cut off, or not the Pushgateway's API)",
    cause,
  );
}
