/** No gateway is known that could be swept. A retry may help; the message says why. */
export class NoGatewayError extends Error {
  override readonly name = "NoGatewayError";
}
