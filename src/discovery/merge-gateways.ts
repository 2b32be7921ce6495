import type { FoundGateway } from "./found-gateway.ts";

export interface Merged<T> {
  readonly gateways: readonly T[];
  /** Named more than once: swept once. One sentence each. */
  readonly repeated: readonly string[];
  /** Left out although they are nowhere else. One sentence each. */
  readonly leftOut: readonly string[];
}

/**
 * All gateways of several lists, none twice: two sweeps of one gateway would get in each other's way. Who comes first stays.
 * A name belongs to one gateway, since metrics and archive tell gateways apart by it.
 */
export function mergeGateways<T extends FoundGateway>(lists: readonly (readonly T[])[]): Merged<T> {
  const byUrl = new Map<string, T>();
  const byName = new Map<string, T>();
  const repeated: string[] = [];
  const leftOut: string[] = [];
  for (const gateway of lists.flat()) {
    const { name, url } = gateway;
    const sameUrl = byUrl.get(url);
    const sameName = byName.get(name);
    if (sameUrl !== undefined) {
      repeated.push(`${url} is named more than once; it is swept once, as ${sameUrl.name}`);
    } else if (sameName !== undefined) {
      leftOut.push(`${url} is not swept: its name ${name} belongs to ${sameName.url}`);
    } else {
      byUrl.set(url, gateway);
      byName.set(name, gateway);
    }
  }
  return { gateways: [...byUrl.values()], repeated: [...new Set(repeated)], leftOut: [...new Set(leftOut)] };
}
