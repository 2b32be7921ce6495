/** A forward proxy could not be reached, or made no tunnel. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** `http://host:port`, without credentials. */
  readonly proxy: string;
  /** `host:port` of the server behind it. */
  readonly target: string;
  /** What happened, in the janitor's words. */
  readonly what: string;
  /** Its answer to CONNECT; null: it gave none. */
  readonly status: number | null;
  /** What it says beside the status: may repeat secrets. */
  readonly statusText: string;

  constructor(
    { proxy, target }: { readonly proxy: string; readonly target: string },
    what: string,
    {
      status = null,
      statusText = "",
      cause,
    }: { readonly status?: number | null; readonly statusText?: string; readonly cause?: unknown } = {},
  ) {
    super(`the proxy ${proxy}: ${what}`, cause === undefined ? undefined : { cause });
    this.proxy = proxy;
    this.target = target;
    this.what = what;
    this.status = status;
    this.statusText = statusText;
  }
}
