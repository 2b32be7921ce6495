import type { PushgatewaySettings } from "../config/config.ts";
import type { StoredGroup } from "../archive/history.ts";
import { renderPush } from "../archive/render-push.ts";
import { labelsKey, type Labels } from "../core/labels.ts";
import { sortOutPushable } from "../core/pushable.ts";
import { expositionKey } from "../gateway/exposition/push-times.ts";
import { RequestError } from "../http/request-error.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { groupPath, type PathNaming } from "../gateway/group-path.ts";
import { collectSnapshot } from "../gateway/snapshot.ts";
import { connect } from "./connect.ts";
import type { Io } from "../cli/io.ts";

export interface RestoreOptions {
  readonly dryRun: boolean;
  /** Also over groups that exist. */
  readonly overwrite: boolean;
}

/** What became of one group. */
export interface Restored {
  readonly outcome: "restored" | "would_restore" | "exists" | "failed";
  /** Why, or what stands in the way. */
  readonly reason: string | null;
  readonly losses: readonly string[];
}

interface Existing {
  readonly key: string;
  /** Left by a refused push: there is nothing in it that could be overwritten. */
  readonly empty: boolean;
}

/**
 * What was read of the gateway's groups is acted on for so long from the start of the read, or twice as long as the read took:
 * a group that is pushed meanwhile must not be overwritten.
 */
const freshSeconds = 0.5;

/** After as many pushes in a row without an answer the gateway is left alone. */
const maxSilenceInARow = 3;

/** A gateway that groups are restored into. */
export class RestoreTarget {
  readonly #gateway: Gateway;
  readonly #options: RestoreOptions;
  readonly #io: Io;
  #naming: PathNaming = { utf8Names: false };
  #existing = new Map<string, Existing>();
  #hasUnreadable = false;
  #maxKeyLength = 0;
  /** Monotonic seconds. */
  #existingUntil = Number.NEGATIVE_INFINITY;
  #silenceInARow = 0;
  #givenUp: string | null = null;

  private constructor(gateway: Gateway, options: RestoreOptions, io: Io) {
    this.#gateway = gateway;
    this.#options = options;
    this.#io = io;
  }

  /** @throws {@link ConfigError} if a file with credentials cannot be read */
  static async connect(
    settings: PushgatewaySettings,
    options: RestoreOptions,
    io: Io,
  ): Promise<RestoreTarget> {
    return new RestoreTarget(await connect(settings, io), options, io);
  }

  close(): Promise<void> {
    return this.#gateway.close();
  }

  /** Pushes one group, unless it exists. Never throws for a gateway's fault. */
  async restore({ record, raw }: StoredGroup): Promise<Restored> {
    if (this.#givenUp !== null) return failed(this.#givenUp);
    try {
      if (this.#io.clock.monotonic() > this.#existingUntil) await this.#readExisting();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // Without knowing what exists nothing is written; asking again for every group would not help it.
      this.#givenUp = error.message;
      return failed(error.message);
    }
    const { labels } = record;
    if (groupPath(labels, this.#naming) === null) return failed("the gateway has no path for this group");
    const obstacle = this.#findObstacle(labels);
    if (obstacle !== null) return { outcome: "exists", reason: obstacle, losses: [] };
    const { families, losses } = sortOutPushable(raw, { labels, utf8Names: this.#naming.utf8Names });
    if (this.#options.dryRun) return { outcome: "would_restore", reason: null, losses };
    return { ...(await this.#push(labels, renderPush(families))), losses };
  }

  async #push(labels: Labels, body: string): Promise<Omit<Restored, "losses">> {
    try {
      await this.#gateway.pushGroup(labels, this.#naming, body, this.#io.abort);
      this.#silenceInARow = 0;
      this.#existing.set(expositionKey(labels), { key: labelsKey(labels), empty: false });
      return { outcome: "restored", reason: null };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#silenceInARow =
        error.code === "http_status" || error.code === "no_answer" ? 0 : this.#silenceInARow + 1;
      if (this.#silenceInARow >= maxSilenceInARow) this.#givenUp = `given up: ${error.message}`;
      return { outcome: "failed", reason: error.message };
    }
  }

  /** Why a push to this group would overwrite something. */
  #findObstacle(labels: Labels): string | null {
    const existing = this.#existing.get(expositionKey(labels));
    if (existing !== undefined && existing.key !== labelsKey(labels)) {
      // Both together make every further push of every group fail.
      return 'the gateway has this group with another spelling: with or without instance=""';
    }
    if (this.#options.overwrite) return null;
    if (existing !== undefined) return existing.empty ? null : "the group exists; --overwrite replaces it";
    if (labelsKey(labels).length > this.#maxKeyLength)
      return "its labels are too long to be kept, so that it may exist; --overwrite pushes all the same";
    // Only of groups without an instance the key can be unreadable.
    const mayBeUnreadable = this.#hasUnreadable && (labels.get("instance") ?? "") === "";
    return mayBeUnreadable
      ? "the gateway has a group whose labels a metric hides, which may be this one; --overwrite pushes all the same"
      : null;
  }

  async #readExisting(): Promise<void> {
    const { clock, abort } = this.#io;
    const { utf8Names } = await this.#gateway.status(abort);
    this.#naming = { utf8Names };
    const open = await this.#gateway.openSnapshot({ naming: this.#naming, gauges: new Set(), signal: abort });
    const existing = new Map<string, Existing>();
    this.#hasUnreadable = false;
    const { groups, maxKeyLength } = await collectSnapshot(open, () => clock.monotonic());
    for (const { key, labels, obstacle, lastSuccessAt, holdsMetrics } of groups) {
      if (obstacle === "unreadable_labels") this.#hasUnreadable = true;
      // Cut labels are no group's own.
      if (key !== labelsKey(labels)) continue;
      const empty = lastSuccessAt === 0 && holdsMetrics === false;
      existing.set(expositionKey(labels), { key, empty });
    }
    this.#existing = existing;
    this.#maxKeyLength = maxKeyLength;
    const readSeconds = clock.monotonic() - open.requestedAt;
    this.#existingUntil = open.requestedAt + Math.max(freshSeconds, 2 * readSeconds);
  }
}

function failed(reason: string): Restored {
  return { outcome: "failed", reason, losses: [] };
}
