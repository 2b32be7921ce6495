import { promises as dns } from "node:dns";
import { readFile } from "node:fs/promises";

import { errorCode } from "../core/errors.ts";
import { answerOf, BadAnswer, type Answer, type ReadSources, type Target } from "./answer.ts";

export interface DnsSources {
  readonly names: readonly string[];
  readonly type: "SRV" | "A" | "AAAA";
  /** null: SRV records have their own. */
  readonly port: number | null;
}

/** How names are looked up; by default as this machine does. */
export interface DnsOptions {
  /** `address` or `address:port`. */
  readonly servers?: readonly string[];
  readonly searchList?: SearchList;
  /** Of one try of one server. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/**
 * Looks names up in the DNS, as Prometheus does: a name that does not exist has no gateways, while one that no server answers, or
 * only with SERVFAIL, has no answer.
 */
export function createDnsReader(
  sources: DnsSources,
  { servers, searchList, timeoutMs = 5000, tries = 2 }: DnsOptions = {},
): ReadSources {
  return async (signal) => {
    // A new one each time, so that a changed resolv.conf counts.
    const resolver = new dns.Resolver({ timeout: timeoutMs, tries });
    if (servers !== undefined) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const search = searchList ?? (await readSearchList());
      const answers = sources.names.map(async (name): Promise<[string, Answer]> => [
        name,
        await answerOf(() => resolveAny(resolver, expandName(name, search), sources)),
      ]);
      return new Map(await Promise.all(answers));
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

/** Of the first of these names that exists. */
async function resolveAny(
  resolver: dns.Resolver,
  names: readonly string[],
  sources: DnsSources,
): Promise<readonly Target[]> {
  let failure: string | null = null;
  for (const name of names) {
    try {
      return await resolve(resolver, name, sources);
    } catch (error) {
      const code = errorCode(error) ?? String(error);
      // The name exists, without such records: that is an answer.
      if (code === "ENODATA") return [];
      if (code !== "ENOTFOUND") failure = `${name} ${sources.type}: ${explanations.get(code) ?? code}`;
    }
  }
  if (failure !== null) throw new BadAnswer(`DNS ${failure}`);
  return [];
}

async function resolve(
  resolver: dns.Resolver,
  name: string,
  { type, port }: DnsSources,
): Promise<readonly Target[]> {
  const target = (host: string, at = port): Target => ({ address: `${host}:${at}`, labels: new Map() });
  if (type === "A") return (await resolver.resolve4(name)).map((address) => target(address));
  if (type === "AAAA") return (await resolver.resolve6(name)).map((address) => target(`[${address}]`));
  // RFC 2782: the root as a target says that there is no such service.
  const services = (await resolver.resolveSrv(name)).filter((service) => !/^\.?$/.test(service.name));
  return services.map((service) => target(service.name.replace(/\.$/, ""), service.port));
}

const explanations: ReadonlyMap<string, string> = new Map([
  ["ESERVFAIL", "the server could not answer (SERVFAIL)"],
  ["EREFUSED", "the server refuses to answer (REFUSED)"],
  ["ETIMEOUT", "no server answered in time"],
  ["ECONNREFUSED", "no server can be reached"],
  ["ECANCELLED", "interrupted"],
]);

/** How short names are completed. */
export interface SearchList {
  readonly domains: readonly string[];
  /** From so many dots on, a name is first tried as it is. */
  readonly ndots: number;
}

/** Names are looked up as they are. */
export const noSearchList: SearchList = { domains: [], ndots: 1 };

/** The names to try, in order: Node's resolver does not complete them, while in Kubernetes they are mostly written short. */
export function expandName(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith(".")) return [name];
  const completed = domains.map((domain) => `${name}.${domain}`);
  return name.split(".").length - 1 >= ndots ? [name, ...completed] : [...completed, name];
}

async function readSearchList(): Promise<SearchList> {
  return readFile("/etc/resolv.conf", "utf8").then(parseSearchList, () => noSearchList);
}

/** As in resolv.conf(5): the last `search` or `domain` counts. */
export function parseSearchList(text: string): SearchList {
  let { domains, ndots } = noSearchList;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "search") domains = values;
    if (keyword === "domain") domains = values.slice(0, 1);
    if (keyword === "options") ndots = Number(/\bndots:(\d{1,2})\b/.exec(line)?.[1] ?? ndots);
  }
  return {
    domains: domains.map((domain) => domain.replace(/\.$/, "")).filter((domain) => domain !== ""),
    ndots,
  };
}
