/** What can go wrong between the janitor and a gateway; a label value of the janitor's metrics. */
export const gatewayErrorCodes = [
  "unreachable",
  "timeout",
  "no_answer",
  "redirect",
  "http_status",
  "truncated",
  "too_large",
  "not_json",
  "api_error",
  "unexpected_answer",
  "aborted",
] as const;

export type GatewayErrorCode = (typeof gatewayErrorCodes)[number];

/** A request that did not give what was asked for. The message reads `METHOD URL: what happened`. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;
  /** With the code `http_status`. */
  readonly httpStatus: number | null;

  constructor(
    code: GatewayErrorCode,
    request: { readonly method: string; readonly url: string },
    what: string,
    cause?: unknown,
    httpStatus: number | null = null,
  ) {
    super(`${request.method} ${request.url}: ${what}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.httpStatus = httpStatus;
  }
}
