import fc from "fast-check";

import { ttlMetricName } from "./rule-spec.ts";
import { labelSets, type Fault, type World } from "./world.ts";
import { VirtualTime, type LocalClock } from "./virtual-time.ts";

/** One thing that happens to a gateway, by others than the janitor. Groups are indexes into {@link labelSets}. */
export type Step =
  | { readonly kind: "push"; readonly group: number; readonly put: boolean; readonly gauges: Gauges }
  /** One push of each. */
  | { readonly kind: "crowd"; readonly groups: readonly number[] }
  | { readonly kind: "faulty push"; readonly group: number; readonly put: boolean; readonly fault: Fault }
  /** A push of the same group with `instance=""`, or of what it becomes by that. */
  | { readonly kind: "poison"; readonly group: number }
  | { readonly kind: "heal" }
  | { readonly kind: "remove"; readonly group: number }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "persist" }
  | { readonly kind: "restart"; readonly down: number }
  | { readonly kind: "kill"; readonly down: number }
  | { readonly kind: "local clock"; readonly local: LocalClock }
  | { readonly kind: "gateway clock"; readonly seconds: number }
  /** Prometheus knows others than before, or, with null, does not answer. */
  | { readonly kind: "hosts"; readonly known: readonly string[] | null };

type Gauges = Readonly<Record<string, number>>;

const minute = 60;
const hour = 3600;
const day = 86_400;
const year = 365 * day;

const group = fc.nat({ max: labelSets.length - 1 });
const someGroups = fc.subarray(
  labelSets.map((_, index) => index),
  { minLength: 1 },
);
const ttls = fc.constantFrom(10, 600, 2 * hour, 40 * day, 0, -1, Number.NaN);
const value = fc.constantFrom(0, 1, 2.5, 1e9);

const gauges: fc.Arbitrary<Gauges> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ app_up: value }) },
  { weight: 4, arbitrary: fc.record({ app_up: value, [ttlMetricName]: ttls }) },
  {
    weight: 2,
    arbitrary: fc.record({ push_failure_time_seconds: fc.constantFrom(99_999_999_999, 1, -1, Number.NaN) }),
  },
);

/** A metric that hides the group's own labels in the API, from the janitor and from everybody else. */
const hidingPush = fc.record({
  kind: fc.constant("push" as const),
  group,
  put: fc.boolean(),
  gauges: fc.record({ labels: value }),
});

const push = fc.record({ kind: fc.constant("push" as const), group, put: fc.boolean(), gauges });
const faultyPush = fc.record({
  kind: fc.constant("faulty push" as const),
  group,
  put: fc.boolean(),
  fault: fc.constantFrom("timestamp" as const, "type" as const),
});
const down = fc.constantFrom(1, 10 * minute, 3 * hour, 2 * day);
const passing = fc.constantFrom(1, 30, 10 * minute, hour, 2 * hour, day, 8 * day);

export const localClock: fc.Arbitrary<LocalClock> = fc.oneof(
  fc.record({ offsetSeconds: fc.constantFrom(0, 1, -1, 90, -90, hour, -hour, year, -year) }),
  fc.record({ frozenAt: fc.constantFrom(1_000_000_000, 1_800_000_000, 9_000_000_000) }),
);

/** Instances of groups, some of them with a port, and one that no group has. */
const knownHosts = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 5, arbitrary: fc.subarray(["1", "2", "2:9100", "a/b", "ü\n", "other"]) },
);

/** What can happen on every gateway. */
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: push },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("crowd" as const), groups: someGroups }) },
  { weight: 6, arbitrary: faultyPush },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("poison" as const), group }) },
  { weight: 3, arbitrary: fc.constant({ kind: "heal" as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("remove" as const), group }) },
  { weight: 2, arbitrary: fc.constant({ kind: "persist" as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("restart" as const), down }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("kill" as const), down }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("local clock" as const), local: localClock }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("hosts" as const), known: knownHosts }) },
);

/** On a real one time passes only while it is down. */
export const anyRealStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 53, arbitrary: anyStep },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("restart" as const), down }) },
);

/** On the embedded one its clock can be set, and one can look into it. */
export const anyVirtualStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 53, arbitrary: anyStep },
  { weight: 1, arbitrary: hidingPush },
  { weight: 18, arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: passing }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("gateway clock" as const),
      seconds: fc.constantFrom(-777, -3 * hour, 90),
    }),
  },
);

export async function perform(world: World, step: Step): Promise<void> {
  switch (step.kind) {
    case "push":
      return world.push(labelSets[step.group]!, new Map(Object.entries(step.gauges)), { replace: step.put });
    case "crowd":
      for (const one of step.groups)
        await world.push(labelSets[one]!, new Map([["app_up", one]]), { replace: true });
      return;
    case "faulty push":
      return world.push(labelSets[step.group]!, new Map([["app_up", 1]]), {
        replace: step.put,
        fault: step.fault,
      });
    case "poison":
      return world.push({ ...labelSets[step.group]!, instance: "" }, new Map([["app_up", 1]]), {
        replace: false,
      });
    case "heal":
      for (const labels of world.twins()) await world.remove(labels);
      return;
    case "remove":
      return world.remove(labelSets[step.group]!);
    case "persist":
      return world.persist();
    case "restart":
      return world.restart(step.down);
    case "kill":
      return world.kill(step.down);
    case "hosts":
      world.hosts = step.known === null ? null : new Set(step.known);
      return;
    case "local clock":
      return world.time.setLocalClock(step.local);
    case "pass":
      return world.time.advance(step.seconds);
    case "gateway clock":
      if (world.time instanceof VirtualTime) world.time.stepGatewayClock(step.seconds);
  }
}
