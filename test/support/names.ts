import dns, { type LookupAddress } from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import { isIP } from "node:net";

import { onTestFinished } from "vitest";

/** For the rest of the test, names have these addresses in this process, as if /etc/hosts said so. */
export function nameAddresses(names: Readonly<Record<string, readonly string[]>>): void {
  const { lookup } = dns;
  const replace = (next: typeof lookup): void => {
    dns.lookup = next;
    syncBuiltinESMExports();
  };
  const named = (
    name: string,
    options: dns.LookupOptions,
    callback: (...result: unknown[]) => void,
  ): void => {
    const addresses = names[name]?.map((address): LookupAddress => ({ address, family: isIP(address) }));
    if (addresses === undefined) lookup(name, options, callback);
    else
      process.nextTick(
        callback,
        null,
        ...(options.all === true ? [addresses] : Object.values(addresses[0]!)),
      );
  };
  replace(named as unknown as typeof lookup);
  onTestFinished(() => replace(lookup));
}
