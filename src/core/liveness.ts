import type { Labels } from "./labels.ts";
import type { Rule, TtlRule } from "./rule.ts";

/** What one query said about which hosts exist. Not ok: all of them count as alive. */
export type KnownHosts =
  | { readonly ok: true; readonly hosts: ReadonlySet<string> }
  | { readonly ok: false; readonly message: string };

/** By the name of a rule with `vanished`. For a rule that is not in it, every host counts as alive. */
export type Liveness = ReadonlyMap<string, KnownHosts>;

/**
 * - `gone`: the query answered, and the host is not among those that it returned
 * - `namesake`: it is known only with a port, or only without the one it has: the same host by another name. It counts as alive.
 * - `alive`: it is known, or nothing is known for certain
 */
export type Presence = "gone" | "namesake" | "alive";

/** Whether the host of a group with these labels exists, by the `vanished` of its rule. */
export type FindPresence = (rule: TtlRule, labels: Labels) => Presence;

/** Answers, and the same names without their ports: of answers that many rules share, or that are used again. */
export type NamesWithoutPorts = WeakMap<ReadonlySet<string>, ReadonlySet<string>>;

/** Every branch that is not sure says `alive`. */
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
  return host.replace(/:\d{1,5}$/, "");
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
