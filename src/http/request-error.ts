import { cutText, toPrintable } from "../core/printable.ts";
import type { GatewayErrorCode } from "../core/verdict.ts";
import type { Redact } from "./redact.ts";

/** A request, as messages name it. */
export interface RequestName {
  readonly method: string;
  /** Without a query, which may hold a secret. */
  readonly url: string;
}

/** How a request is sent, as far as messages may say: nothing of this is a secret. */
export interface Approach extends RequestName {
  /** Of the server: `https://host:9091/prefix`. */
  readonly serverUrl: string;
  /** Whether an Authorization header is sent. */
  readonly hasCredentials: boolean;
  readonly hasClientCertificate: boolean;
  /** Whether the authorities to trust were named. */
  readonly hasOwnAuthorities: boolean;
  /** `http://host:port`, without credentials. */
  readonly proxy: string | null;
  /** Whether the proxy's URL has a user. */
  readonly hasProxyCredentials: boolean;
  /** Applied to everything that the server or the proxy says, before it is shown: they may repeat what was sent. */
  readonly redact: Redact;
}

/** A label may be as long as its pusher likes, and a log line should not be. */
const maxUrlLength = 300;
const maxMessageLength = 1000;

/**
 * A request that failed. The message reads `METHOD URL: what happened`, in one line that is safe to print, whatever a server or a
 * label put into it.
 */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: GatewayErrorCode;
  /** The message without the request. */
  readonly what: string;
  /** With the code `http_status`. */
  readonly httpStatus: number | null;
  /** The answer asks for fewer requests (429, or 503 with `Retry-After`): how long to wait, seconds. null: it does not. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: GatewayErrorCode,
    { method, url }: RequestName,
    what: string,
    cause?: unknown,
    httpStatus: number | null = null,
    retryAfterSeconds: number | null = null,
  ) {
    const message = cutText(`${method} ${cutText(url, maxUrlLength)}: ${what}`, maxMessageLength);
    super(toPrintable(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.what = toPrintable(cutText(what, maxMessageLength));
    this.httpStatus = httpStatus;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Handles a request's error: where the server closed the connection without an answer, says what that most likely means.
 * @throws the error, explained or as it is
 */
export function explainSilence(request: RequestName, what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RequestError) || error.code !== "no_answer") throw error;
    throw new RequestError("no_answer", request, what, error.cause);
  };
}

/** `maySend` refused the request: nothing of it was written. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}
