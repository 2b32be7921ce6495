import { readArchive } from "../../src/archive/read-archive.ts";
import { pushTimeNames } from "../../src/core/group.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { ReportEntry } from "../../src/core/report.ts";
import { isHidden } from "./reference.ts";
import { troubles, type Sweep } from "./any-sweep.ts";
import type { Aftermath } from "./sweep-step.ts";
import { keyOf, type TrueGroups } from "./truth.ts";
import type { World } from "./world.ts";

/** In the key of the group that the janitor's DELETE of nothing names. */
const probe = "pushgateway_janitor_probe_";

/** Everything that is wrong after a sweep, one sentence each. */
export async function findViolations(
  world: World,
  what: Sweep,
  aftermaths: readonly Aftermath[],
  arrived: ReadonlySet<string>,
): Promise<readonly string[]> {
  const truth = world.truth();
  const named = new Set(aftermaths.flatMap(({ watch }) => [...watch.named]));
  const found = [
    ...[...arrived]
      .filter((key) => !named.has(key) && !key.includes(probe))
      .map((key) => `${key} was deleted and never named`),
    ...(await findStrangeChanges(world, truth)),
  ];
  for (const aftermath of aftermaths) {
    found.push(
      ...aftermath.watch.violations,
      ...findBugs(aftermath),
      ...findUnreported(aftermath),
      ...findWrongVerdicts(aftermath),
      ...(isUnhindered(what, aftermath) ? findLeftOvers(truth, aftermath) : []),
      ...(await findUnarchived(aftermath)),
    );
  }
  return found;
}

/** What the gateway holds is what was done to it, and nothing else. */
async function findStrangeChanges(world: World, truth: TrueGroups): Promise<readonly string[]> {
  const stored = await world.gateway.stored(truth);
  const keys = new Set([...truth.keys(), ...stored.keys()]);
  return [...keys].flatMap((key) => {
    const [real, ideal] = [stored.get(key)?.success ?? null, truth.get(key)?.success ?? null];
    const same = real === ideal || (real !== null && ideal !== null && Math.abs(real - ideal) < 0.5);
    return same ? [] : [`${key} was last pushed at ${real} in the gateway, at ${ideal} in truth`];
  });
}

/** What should never be thrown, a sweep reports instead of passing it on. */
function findBugs({ report: { error } }: Aftermath): readonly string[] {
  return error?.code === "internal" ? [error.message] : [];
}

function entriesByKey({ report }: Aftermath): ReadonlyMap<string, ReportEntry> {
  const readable = report.entries.filter(({ group }) => group.obstacle !== "unreadable_labels");
  return new Map(readable.map((entry) => [keyOf(entry.group.labels), entry]));
}

function findUnreported(aftermath: Aftermath): readonly string[] {
  const entries = entriesByKey(aftermath);
  return [...aftermath.watch.named]
    .filter(
      (key) => entries.get(key)?.verdict.verdict !== "delete" || entries.get(key)?.outcome === undefined,
    )
    .map((key) => `the DELETE of ${key} is not in the report`);
}

/** Every group has the verdict and the reason that the design gives it. */
function findWrongVerdicts(aftermath: Aftermath): readonly string[] {
  const { watch, report, happened } = aftermath;
  // A gateway that starts again between the requests may get the benefit of an outage that ended after the look.
  if (report.status === "failed" || happened.has("restart") || happened.has("kill")) return [];
  const entries = entriesByKey(aftermath);
  const deletions = report.entries.filter(({ verdict }) => verdict.verdict === "delete").length;
  const [surely, perhaps] = [watch.exceedsLimit("surely"), watch.exceedsLimit("perhaps")];
  const expected = [...watch.expectations].filter(([key]) => !isHidden(watch.plan!.groups.get(key)!));
  if (report.entries.length !== watch.expectations.size) return ["the report has another number of groups"];
  return expected.flatMap(([key, { fate, vanished, borderline }]) => {
    const verdict = entries.get(key)?.verdict;
    const limited = verdict?.reason === "max_deletes" || verdict?.reason === "max_delete_ratio";
    if (limited ? !perhaps : surely && verdict?.verdict === "delete" && deletions > watch.allowed())
      return [`${key}: limits are not kept`];
    const kept = verdict?.verdict === "keep";
    const deletion = vanished ? "host_vanished" : "ttl_expired";
    const isOther = verdict?.verdict === "delete" && verdict.reason !== deletion;
    const right = fate === "delete" ? !kept && !isOther : kept && verdict.reason === fate;
    return right || borderline ? [] : [`${key} should be ${fate}, is ${JSON.stringify(verdict)}`];
  });
}

/** What keeps a sweep from going on, or makes the janitor itself doubt what it knows. */
const hindrances = [...troubles, "pass", "restart", "kill", "gateway clock", "local clock", "hosts"] as const;

function isUnhindered({ dryRun, janitors }: Sweep, { watch, happened, report }: Aftermath): boolean {
  if (dryRun || watch.exceedsLimit("perhaps")) return false;
  // Under virtual time the other janitor's waits make this one's reads slow.
  if (janitors === 2 && report.status !== "ok") return false;
  return !hindrances.some((one) => happened.has(one));
}

/** What had expired, and nobody touched or hindered, is gone. */
function findLeftOvers(truth: TrueGroups, { watch }: Aftermath): readonly string[] {
  return [...watch.expectations]
    .filter(([key, { fate, borderline }]) => fate === "delete" && !borderline && truth.has(key))
    .filter(([key]) => truth.get(key) === watch.plan?.groups.get(key))
    .map(([key]) => `${key} had expired, and is still there`);
}

/** Everything whose DELETE left is in the archive, with all its metrics. */
async function findUnarchived({ watch, archiveDir }: Aftermath): Promise<readonly string[]> {
  if (archiveDir === null || watch.named.size === 0) return [];
  const archived = new Set<string>();
  const found: string[] = [];
  for await (const { records, rawGroups } of readArchive(archiveDir, ({ text }) => void found.push(text))) {
    const groups = [...records].filter((record) => record.kind === "group");
    const keys = new Map(groups.map(({ id, labels }) => [id, keyOf(labels)]));
    for await (const { id, raw: group } of rawGroups())
      archived.add(`${keys.get(id)} ${renderGauges(gaugesOf(group))}`);
  }
  const missing = [...watch.named]
    .map((key) => `${key} ${renderGauges(watch.archived.get(key)?.gauges ?? [])}`)
    .filter((one) => !archived.has(one));
  return [...found, ...missing.map((one) => `${one} is not in the archive`)];
}

function gaugesOf(group: JsonObject): readonly (readonly [string, number])[] {
  return Object.entries(group).flatMap(([name, family]) => {
    const value = (family as { metrics?: { value: string }[] }).metrics?.[0]?.value;
    return value === undefined || pushTimeNames.has(name) ? [] : [[name, Number(value)] as const];
  });
}

function renderGauges(gauges: Iterable<readonly [string, number]>): string {
  return [...gauges]
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(" ");
}
