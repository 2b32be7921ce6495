/** What one query said about which hosts exist. Not ok: all of them count as alive. */
export type KnownHosts =
  | { readonly ok: true; readonly hosts: ReadonlySet<string> }
  | { readonly ok: false; readonly message: string };

/** By the name of a rule with `vanished`. For a rule that is not in it, every host counts as alive. */
export type Liveness = ReadonlyMap<string, KnownHosts>;

/** A rule whose query did not say which hosts exist, so that all of them count as alive. */
export interface FailedQuery {
  readonly rule: string;
  readonly message: string;
}

export function findFailedQueries(liveness: Liveness): readonly FailedQuery[] {
  return [...liveness].flatMap(([rule, known]) => (known.ok ? [] : [{ rule, message: known.message }]));
}
