import { isIPv6 } from "node:net";

import { quote } from "../../core/labels.ts";
import { ParseError } from "../../core/errors.ts";

export interface ListenAddress {
  /** null: all addresses of the machine, IPv4 and IPv6. */
  readonly host: string | null;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * Parses `:9717`, `127.0.0.1:9717`, `localhost:9717` or `[::1]:9717`.
 * @throws {@link ParseError}
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  if (match === null) {
    throw new ParseError(
      `${quote(text)} is not an address to listen on, like :9717, 127.0.0.1:9717 or [::1]:9717${hintFor(text)}`,
    );
  }
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535) throw new ParseError(`${digits} is not a port: the highest is 65535`);
  if (ipv6 !== undefined && !isIPv6(ipv6.split("%")[0] ?? "")) {
    throw new ParseError(`${quote(ipv6)} is not an IPv6 address`);
  }
  const host = ipv6 ?? name;
  return { host: host === undefined || host === "" ? null : host, port };
}

function hintFor(text: string): string {
  if (/^\d{1,5}$/.test(text)) return `: did you mean ":${text}"?`;
  const bare = /^(.+):(\d{1,5})$/.exec(text);
  return bare?.[1] !== undefined && isIPv6(bare[1]) ? `: did you mean "[${bare[1]}]:${bare[2]}"?` : "";
}

/** `[::1]:9717` for what a socket says of itself. */
export function formatAddress({ address, port }: { address: string; port: number }): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
