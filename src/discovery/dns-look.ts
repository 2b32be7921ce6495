import { promises as dns, type SrvRecord } from "node:dns";

import { errorCode } from "../core/errors.ts";
import { answerOf, BadAnswer, type Answer, type Look } from "./look.ts";
import { expandName, type SearchList } from "./search-list.ts";
import type { Target } from "./target-groups.ts";

export interface DnsPlaces {
  readonly names: readonly string[];
  readonly type: "SRV" | "A" | "AAAA";
  /** null: SRV records have their own. */
  readonly port: number | null;
}

/** How names are looked up. */
export interface DnsOptions {
  /** `address` or `address:port`; left out: the machine's. */
  readonly servers?: readonly string[];
  readonly searchList: () => Promise<SearchList>;
  /** Of one try of one server. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/**
 * Looks names up in the DNS, as Prometheus does: a name that does not exist has no gateways, while one that nobody can tell
 * anything about (no server answers, or with SERVFAIL) is without an answer.
 */
export function createDnsLook(
  places: DnsPlaces,
  { servers, searchList, timeoutMs = 5000, tries = 2 }: DnsOptions,
): Look {
  return async (signal) => {
    // A new one each time, so that a changed resolv.conf counts.
    const resolver = new dns.Resolver({ timeout: timeoutMs, tries });
    if (servers !== undefined) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const search = await searchList();
      const answers = places.names.map(async (name): Promise<[string, Answer]> => [
        name,
        await answerOf(() => lookUp(resolver, name, search, places)),
      ]);
      return new Map(await Promise.all(answers));
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

async function lookUp(
  resolver: dns.Resolver,
  name: string,
  search: SearchList,
  places: DnsPlaces,
): Promise<readonly Target[]> {
  let failure: string | null = null;
  for (const full of expandName(name, search)) {
    try {
      return await ask(resolver, full, places);
    } catch (error) {
      const code = errorCode(error) ?? String(error);
      // The name exists, without such records: that is an answer.
      if (code === "ENODATA") return [];
      if (code !== "ENOTFOUND") failure = `${full} ${places.type}: ${explain(code)}`;
    }
  }
  if (failure !== null) throw new BadAnswer(`DNS ${failure}`);
  return [];
}

async function ask(
  resolver: dns.Resolver,
  name: string,
  { type, port }: DnsPlaces,
): Promise<readonly Target[]> {
  switch (type) {
    case "SRV":
      return (await resolver.resolveSrv(name)).filter(isService).map(({ name: host, port }) => {
        return toTarget(host.replace(/\.$/, ""), port);
      });
    case "A":
      return (await resolver.resolve4(name)).map((address) => toTarget(address, port));
    case "AAAA":
      return (await resolver.resolve6(name)).map((address) => toTarget(`[${address}]`, port));
  }
}

/** RFC 2782: the root as a target says that the service is not there. */
function isService({ name }: SrvRecord): boolean {
  return name !== "" && name !== ".";
}

function toTarget(host: string, port: number | null): Target {
  return { address: `${host}:${port}`, labels: new Map() };
}

function explain(code: string): string {
  switch (code) {
    case "ESERVFAIL":
      return "the server could not answer (SERVFAIL)";
    case "EREFUSED":
      return "the server refuses to answer (REFUSED)";
    case "ETIMEOUT":
      return "no server answered in time";
    case "ECONNREFUSED":
      return "no server can be reached";
    case "ECANCELLED":
      return "interrupted";
    default:
      return code;
  }
}
