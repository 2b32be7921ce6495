import fc from "fast-check";

import type { Limits, WhenExceeded } from "../../src/core/limits.ts";
import { anyRules, type RuleSpec } from "./rule-spec.ts";
import type { Step } from "./steps.ts";

/** What hinders the janitor itself. `abort` is a second signal: it cuts off what is in flight. */
export const troubles = [
  "stop",
  "abort",
  "lose deletes",
  "answer no deletes",
  "fail archive",
  "unwell",
] as const;

export interface Trouble {
  readonly kind: (typeof troubles)[number];
}

/** A sweep, and what happens before its nth request. */
export interface Sweep {
  readonly kind: "sweep";
  readonly rules: readonly RuleSpec[];
  readonly limits: Partial<Limits>;
  readonly dryRun: boolean;
  readonly archived: boolean;
  readonly janitors: 1 | 2;
  readonly meanwhile: readonly { readonly at: number; readonly step: Step | Trouble }[];
}

const anyTrouble: fc.Arbitrary<Trouble> = fc.record({
  // A stop is what happens most.
  kind: fc.constantFrom<Trouble["kind"]>("stop", "stop", ...troubles),
});

/** Deletes whatever is older than a minute. */
export const plainSweep: Sweep = {
  kind: "sweep",
  rules: [
    {
      jobs: null,
      instance: "any",
      action: "delete",
      ttl: 60,
      since: "last_activity",
      keepLatest: null,
      ttlMetric: null,
      vanished: null,
    },
  ],
  limits: { maxOutageSeconds: 0 },
  dryRun: false,
  archived: true,
  janitors: 1,
  meanwhile: [],
};

export function anySweep(anyStep: fc.Arbitrary<Step>, rates: readonly number[]): fc.Arbitrary<Sweep> {
  const step = fc.oneof({ weight: 5, arbitrary: anyStep }, { weight: 1, arbitrary: anyTrouble });
  return fc.record<Sweep>({
    kind: fc.constant("sweep"),
    rules: anyRules,
    limits: fc.record({
      maxDeleteRatio: fc.constantFrom(1, 1, 1, 1, 1, 0.5, 0.2),
      ratioMinGroups: fc.constantFrom(0, 5, 10),
      maxDeletes: fc.constantFrom(1000, 1000, 1000, 1000, 3, 1),
      maxOutageSeconds: fc.constantFrom(0, 0, 3600, 86_400),
      maxEvidenceAgeSeconds: fc.constantFrom(null, null, 0.5, 5),
      whenExceeded: fc.constantFrom<WhenExceeded>("withhold", "withhold", "delete_oldest"),
      deletesPerSecond: fc.constantFrom(...rates),
    }),
    dryRun: fc.constantFrom(false, false, false, false, true),
    archived: fc.constantFrom(false, false, true),
    janitors: fc.constantFrom(1, 1, 1, 1, 2),
    meanwhile: fc.oneof(
      fc.constant([]),
      fc.array(fc.record({ at: fc.nat({ max: 12 }), step }), { maxLength: 8, size: "max" }),
    ),
  });
}
