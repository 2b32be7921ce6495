import type { Labels } from "./labels.ts";
import type { Rule, TtlRule, Vanished } from "./rule.ts";

/** The answer to one query for the hosts that exist. Not ok: all hosts count as alive. */
export type KnownHosts =
  | { readonly ok: true; readonly hosts: ReadonlySet<string> }
  | { readonly ok: false; readonly message: string };

/** By the name of a rule with `vanished`. For a rule that is not in it, every host counts as alive. */
export type Liveness = ReadonlyMap<string, KnownHosts>;

/**
 * - `gone`: the query was answered without this host
 * - `namesake`: the answer has the host with a port, without the one it has here, or spelt differently: most likely the same host. It
 *   counts as alive.
 * - `alive`: the answer has the host, or there is no usable answer
 */
type Presence = "gone" | "namesake" | "alive";

/** Whether the host of a group with these labels exists, according to the `vanished` section of its rule. */
export type FindPresence = (rule: TtlRule, labels: Labels) => Presence;

interface Spellings {
  readonly all: ReadonlySet<string>;
  readonly withoutPorts: ReadonlySet<string>;
}

/** Cache: hosts of an answer to other spellings of them. Rules share answers, and answers are used again. */
export type SpellingsOfHosts = WeakMap<ReadonlySet<string>, Spellings>;

/** In doubt, a host is `alive`. */
export function createPresence(
  liveness: Liveness,
  spellings: SpellingsOfHosts = new WeakMap(),
): FindPresence {
  return ({ name, vanished }, labels) => {
    const host = vanished === null ? "" : (labels.get(vanished.groupLabel) ?? "");
    const known = liveness.get(name);
    if (host === "" || known?.ok !== true || known.hosts.size === 0) return "alive";
    if (known.hosts.has(host)) return "alive";
    let names = spellings.get(known.hosts);
    if (names === undefined) {
      const all = new Set([...known.hosts].map(foldName));
      names = { all, withoutPorts: new Set([...all].map(withoutPort)) };
      spellings.set(known.hosts, names);
    }
    const folded = foldName(host);
    const isNamesake =
      names.all.has(folded) || names.withoutPorts.has(folded) || names.all.has(withoutPort(folded));
    return isNamesake ? "namesake" : "gone";
  };
}

/** The names of hosts do not depend on case, and Unicode writes some characters in several ways. */
function foldName(host: string): string {
  return host.normalize().toLowerCase();
}

function withoutPort(host: string): string {
  return host.includes(":") ? host.replace(/:\d{1,5}$/, "") : host;
}

/** Whether a rule asks which hosts exist. */
export function asksForHosts(rule: Rule): rule is TtlRule & { readonly vanished: Vanished } {
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
