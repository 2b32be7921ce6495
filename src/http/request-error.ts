import { cutText, toPrintable } from "../core/printable.ts";
import type { GatewayErrorCode } from "../core/verdict.ts";
import type { Redact } from "./redact.ts";

/** A label may be as long as its pusher likes, and a log line should not be. */
const maxUrlLength = 300;
const maxMessageLength = 1000;

/**
 * A request that did not give what was asked for. The message reads `METHOD URL: what happened`, in one line that is safe to
 * print, whatever a server or a label put into it.
 */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: GatewayErrorCode;
  /** With the code `http_status`. */
  readonly httpStatus: number | null;
  /** The answer asks for fewer requests (429, or 503 with `Retry-After`): how long to wait, seconds. null: it does not. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: GatewayErrorCode,
    request: { readonly method: string; readonly url: string },
    what: string,
    cause?: unknown,
    httpStatus: number | null = null,
    retryAfterSeconds: number | null = null,
  ) {
    super(
      toPrintable(
        cutText(`${request.method} ${cutText(request.url, maxUrlLength)}: ${what}`, maxMessageLength),
      ),
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.httpStatus = httpStatus;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Handles a request's error: where the gateway closed the connection without an answer, says what that most likely means.
 * @throws the error, explained or as it is
 */
export function explainSilence(
  request: { readonly method: string; readonly url: string },
  what: string,
): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RequestError) || error.code !== "no_answer") throw error;
    throw new RequestError("no_answer", request, what, error.cause);
  };
}

/** How a server is asked, as far as a message may tell: nothing of this is a secret. */
export interface Approach {
  /** `https://host:9091/prefix`. */
  readonly url: string;
  readonly method: string;
  /** Whether an Authorization header is sent. */
  readonly hasCredentials: boolean;
  readonly hasClientCertificate: boolean;
  /** Whether the authorities to trust were named. */
  readonly hasOwnAuthorities: boolean;
  /** `http://host:port`, without credentials. */
  readonly proxy: string | null;
  /** Whether the proxy's URL has a user. */
  readonly hasProxyCredentials: boolean;
  /** Every word of the server or of the proxy passes this before it is shown: they may repeat what was sent. */
  readonly redact: Redact;
}

/** The request's turn came too late: nothing of it was written. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}
