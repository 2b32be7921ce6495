/** What one client can take of the server. Tests shorten the times; everybody else has the defaults. */
export interface WebLimits {
  /** For one more, one of the client that holds the most is cut. */
  readonly maxConnections: number;
  /** Requests of one connection that wait for the answer before; more of them end the connection. */
  readonly maxPipelined: number;
  /** Of the request line and all headers. */
  readonly maxHeaderBytes: number;
  /** No endpoint reads a body; a small one is let pass. */
  readonly maxBodyBytes: number;
  /** Until a request has come in whole, from the connection or from its first byte; also for the TLS handshake. */
  readonly requestTimeoutMs: number;
  /** Between two requests of one connection: longer than most scrape intervals. */
  readonly keepAliveTimeoutMs: number;
  /** Until an answer has gone out, from when its first part was ready. */
  readonly sendTimeoutMs: number;
  /** Of all answers that wait for their clients; over it those that have waited for longest are cut. */
  readonly maxHeldBytes: number;
  /** How often the timeouts of requests are looked at. */
  readonly checkIntervalMs: number;
}

export const defaultWebLimits: WebLimits = {
  maxConnections: 256,
  maxPipelined: 16,
  maxHeaderBytes: 16 * 1024,
  maxBodyBytes: 4 * 1024,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  sendTimeoutMs: 60_000,
  maxHeldBytes: 64 * 1024 * 1024,
  checkIntervalMs: 1000,
};
