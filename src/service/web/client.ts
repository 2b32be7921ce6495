import type { Socket } from "node:net";

/**
 * Who a connection counts for where clients share something: its IPv4 address, or the /64 of its IPv6 address, which is what one
 * machine gets.
 */
export function clientOf({ remoteAddress = "" }: Pick<Socket, "remoteAddress">): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  if (!remoteAddress.includes(":")) return remoteAddress;
  const [left = [], right] = remoteAddress
    .split("::")
    .map((half) => half.split(":").filter((one) => one !== ""));
  const zeros = right === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: zeros }, () => "0"), ...(right ?? [])].slice(0, 4).join(":");
}
