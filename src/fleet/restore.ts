import { createArchive } from "../archive/archive.ts";
import type { StoredGroup } from "../archive/history.ts";
import type { GroupRecord } from "../archive/records.ts";
import { renderPush } from "../archive/render-push.ts";
import type { ArchiveSettings, PushgatewaySettings } from "../config/config.ts";
import { labelsKey, quote, type Labels } from "../core/labels.ts";
import { sortOutPushable } from "../core/pushable.ts";
import { expositionKey } from "../gateway/exposition/push-times.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { groupPath, type PathNaming } from "../gateway/group-path.ts";
import { collectSnapshot } from "../gateway/snapshot.ts";
import { RequestError } from "../http/request-error.ts";
import { connect } from "./connect.ts";
import type { World } from "./world.ts";

interface RestoreOptions {
  readonly dryRun: boolean;
  /** Also over groups that exist. */
  readonly overwrite: boolean;
}

/** What became of one group. */
export interface RestoreResult {
  readonly outcome: "restored" | "would_restore" | "exists" | "failed";
  /** Why it is not restored. */
  readonly reason: string | null;
  readonly losses: readonly string[];
}

/** Where a group goes, or why it goes nowhere. */
export type TargetOf = (record: GroupRecord) => PushgatewaySettings | string;

/** Restores into the gateway that has the name now, unless it is another one than the group was deleted from. */
export function createTargetOf(
  pushgateways: readonly PushgatewaySettings[],
  warn: (message: string) => void,
): TargetOf {
  const noted = new Set<string>();
  return ({ gateway: name, url }) => {
    const gateway = pushgateways.find((one) => one.name === name);
    if (gateway === undefined)
      return `the configuration has no gateway ${quote(name)}; --gateway=URL restores into another one`;
    if (url !== null && url !== gateway.url) {
      return (
        `it was deleted from ${url}, and the gateway ${quote(name)} is ${gateway.url} now; ` +
        `--from=${name} --gateway=${gateway.url} restores it there`
      );
    }
    if (url === null && !noted.has(name)) {
      noted.add(name);
      warn(
        `Version 0.1.0 archived no URLs: groups of the gateway ${quote(name)} that it deleted go to ${gateway.url}`,
      );
    }
    return gateway;
  };
}

/**
 * Pushes groups back, one after the other, until `stop` aborts.
 * @throws {@link ConfigError} if a file with credentials cannot be read
 */
export async function* restoreGroups(
  groups: AsyncIterable<StoredGroup>,
  targetOf: TargetOf,
  options: RestoreOptions,
  world: World,
): AsyncGenerator<
  RestoreResult & { readonly record: GroupRecord; readonly target: PushgatewaySettings | null }
> {
  const targets = new Map<string, RestoreTarget>();
  try {
    for await (const stored of groups) {
      if (world.stop.aborted) return;
      const { record } = stored;
      const settings = targetOf(record);
      if (typeof settings === "string") {
        yield { record, target: null, ...failed(settings) };
        continue;
      }
      const { url } = settings;
      const target = targets.get(url) ?? createRestoreTarget(await connect(settings, world), options, world);
      targets.set(url, target);
      yield { record, target: settings, ...(await target.restore(stored)) };
    }
  } finally {
    await Promise.all([...targets.values()].map((target) => target.close()));
  }
}

/**
 * Notes in the archive which groups are back, so that the next sweep does not count them as reappeared.
 * @throws {@link ArchiveError}
 */
export async function recordRestored(
  { dir }: ArchiveSettings,
  restored: ReadonlyMap<string, readonly Labels[]>,
  { clock }: Pick<World, "clock">,
): Promise<void> {
  // Without a retention: restoring removes nothing.
  const archive = createArchive({ dir, retentionSeconds: null, now: () => clock.now() });
  try {
    for (const [gateway, groups] of restored) await archive.recordRestored(gateway, groups);
  } finally {
    await archive.close();
  }
}

interface Existing {
  readonly key: string;
  /** Created by a refused push: it holds nothing that could be overwritten. */
  readonly empty: boolean;
}

/**
 * A read of the gateway's groups counts for so long from its start, or for twice as long as it took: a group that is pushed
 * meanwhile must not be overwritten.
 */
const freshSeconds = 0.5;

/** After as many pushes in a row without an answer nothing more is sent to the gateway. */
const maxSilenceInARow = 3;

/** A gateway that groups are restored into. */
interface RestoreTarget {
  /** Pushes one group, unless it exists. Never throws for a gateway's fault. */
  restore(stored: StoredGroup): Promise<RestoreResult>;
  close(): Promise<void>;
}

function createRestoreTarget(
  gateway: Gateway,
  { dryRun, overwrite }: RestoreOptions,
  { clock, abort }: Pick<World, "clock" | "abort">,
): RestoreTarget {
  let naming: PathNaming = { utf8Names: false };
  let existing = new Map<string, Existing>();
  let hasUnreadable = false;
  let maxKeyLength = 0;
  /** Monotonic seconds. */
  let existingUntil = Number.NEGATIVE_INFINITY;
  let silenceInARow = 0;
  let givenUp: string | null = null;

  async function readExisting(): Promise<void> {
    const { utf8Names } = await gateway.status(abort);
    naming = { utf8Names };
    const open = await gateway.openSnapshot({ naming, gauges: new Set(), signal: abort });
    const snapshot = await collectSnapshot(open, () => clock.monotonic());
    existing = new Map();
    for (const { key, labels, lastSuccessAt, holdsMetrics } of snapshot.groups) {
      // Cut labels are not the group's own.
      if (key !== labelsKey(labels)) continue;
      existing.set(expositionKey(labels), { key, empty: lastSuccessAt === 0 && holdsMetrics === false });
    }
    hasUnreadable = snapshot.groups.some(({ obstacle }) => obstacle === "unreadable_labels");
    ({ maxKeyLength } = snapshot);
    const readSeconds = clock.monotonic() - open.requestedAt;
    existingUntil = open.requestedAt + Math.max(freshSeconds, 2 * readSeconds);
  }

  /** Why a push to this group would overwrite something. */
  function findObstacle(labels: Labels): string | null {
    const found = existing.get(expositionKey(labels));
    if (found !== undefined && found.key !== labelsKey(labels)) {
      // Both together make every further push of every group fail.
      return 'the gateway has this group with another spelling: with or without instance=""';
    }
    if (overwrite) return null;
    if (found !== undefined) return found.empty ? null : "the group exists; --overwrite replaces it";
    if (labelsKey(labels).length > maxKeyLength)
      return "its labels are too long to be kept, so that it may exist; --overwrite pushes all the same";
    // The key can be unreadable only of groups without an instance.
    const mayBeUnreadable = hasUnreadable && (labels.get("instance") ?? "") === "";
    return mayBeUnreadable
      ? "the gateway has a group whose labels a metric hides, which may be this one; --overwrite pushes all the same"
      : null;
  }

  async function push(labels: Labels, body: string): Promise<Omit<RestoreResult, "losses">> {
    try {
      await gateway.pushGroup(labels, naming, body, abort);
      silenceInARow = 0;
      existing.set(expositionKey(labels), { key: labelsKey(labels), empty: false });
      return { outcome: "restored", reason: null };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const hasAnswered = error.code === "http_status" || error.code === "no_answer";
      silenceInARow = hasAnswered ? 0 : silenceInARow + 1;
      if (silenceInARow >= maxSilenceInARow) givenUp = `given up: ${error.message}`;
      return { outcome: "failed", reason: error.message };
    }
  }

  return {
    async restore({ record: { labels }, raw }) {
      if (givenUp !== null) return failed(givenUp);
      try {
        if (clock.monotonic() > existingUntil) await readExisting();
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        // Nothing is written without knowing what exists, and asking again for every group does not help.
        givenUp = error.message;
        return failed(givenUp);
      }
      if (groupPath(labels, naming) === null) return failed("the gateway has no path for this group");
      const obstacle = findObstacle(labels);
      if (obstacle !== null) return { outcome: "exists", reason: obstacle, losses: [] };
      const { families, losses } = sortOutPushable(raw, { labels, utf8Names: naming.utf8Names });
      if (dryRun) return { outcome: "would_restore", reason: null, losses };
      return { ...(await push(labels, renderPush(families))), losses };
    },
    close: () => gateway.close(),
  };
}

function failed(reason: string): RestoreResult {
  return { outcome: "failed", reason, losses: [] };
}
