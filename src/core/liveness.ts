import type { Labels } from "./labels.ts";
import type { Rule, TtlRule } from "./rule.ts";

/** The answer to one query for the hosts that exist. Not ok: all hosts count as alive. */
export type KnownHosts =
  | { readonly ok: true; readonly hosts: ReadonlySet<string> }
  | { readonly ok: false; readonly message: string };

/** By the name of a rule with `vanished`. For a rule that is not in it, every host counts as alive. */
export type Liveness = ReadonlyMap<string, KnownHosts>;

/**
 * - `gone`: the query was answered without this host
 * - `namesake`: the answer has the host with a port, or without the one it has here: most likely the same host. It counts as alive.
 * - `alive`: the answer has the host, or there is no usable answer
 */
export type Presence = "gone" | "namesake" | "alive";

/** Whether the host of a group with these labels exists, according to the `vanished` section of its rule. */
export type FindPresence = (rule: TtlRule, labels: Labels) => Presence;

/** Cache: hosts of an answer to the same hosts without their ports. Rules share answers, and answers are used again. */
export type NamesWithoutPorts = WeakMap<ReadonlySet<string>, ReadonlySet<string>>;

/** In doubt, a host is `alive`. */
export function createPresence(
  liveness: Liveness,
  withoutPorts: NamesWithoutPorts = new WeakMap(),
): FindPresence {
  return ({ name, vanished }, labels) => {
    const host = vanished === null ? "" : (labels.get(vanished.groupLabel) ?? "");
    const known = liveness.get(name);
    if (host === "" || known?.ok !== true || known.hosts.size === 0) return "alive";
    if (known.hosts.has(host)) return "alive";
    let names = withoutPorts.get(known.hosts);
    if (names === undefined) {
      names = new Set([...known.hosts].map(withoutPort));
      withoutPorts.set(known.hosts, names);
    }
    return names.has(host) || known.hosts.has(withoutPort(host)) ? "namesake" : "gone";
  };
}

function withoutPort(host: string): string {
  return host.includes(":") ? host.replace(/:\d{1,5}$/, "") : host;
}

/** Whether a rule asks which hosts exist. */
export function asksForHosts(rule: Rule): boolean {
  return rule.action !== "keep" && rule.vanished !== null;
}

/** A rule whose query did not say which hosts exist, so that all of them count as alive. */
export interface FailedQuery {
  readonly rule: string;
  readonly message: string;
}

export function findFailedQueries(liveness: Liveness): readonly FailedQuery[] {
  return [...liveness].flatMap(([rule, known]) => {
    if (!known.ok) return [{ rule, message: known.message }];
    return known.hosts.size === 0 ? [{ rule, message: "the query returned no host" }] : [];
  });
}
