import type { Redact } from "./redact.ts";

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
