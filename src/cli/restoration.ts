import type { StoredGroup } from "../archive/history.ts";
import type { ArchiveProblem } from "../archive/read-archive.ts";
import type { GroupRecord } from "../archive/records.ts";
import type { PushgatewaySettings } from "../config/config.ts";
import { formatShortLabels, type Labels } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";
import { createColumns } from "../report/columns.ts";
import { exitCodes } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { RestoreTarget, type Restored, type RestoreOptions } from "../fleet/restore.ts";

/** Where a group goes, or why it goes nowhere. */
export type TargetOf = (record: GroupRecord) => PushgatewaySettings | string;

/** One run of `restore`: its targets, its table, its counts. */
export class Restoration {
  /** By the gateway they were deleted from and are back in. */
  readonly restored = new Map<string, Labels[]>();
  readonly #options: RestoreOptions;
  readonly #targetOf: TargetOf;
  readonly #io: Io;
  readonly #targets = new Map<string, RestoreTarget>();
  readonly #columns;
  readonly #counts = { restored: 0, would_restore: 0, exists: 0, failed: 0 };
  #lossy = 0;
  #isDamaged = false;
  #isUnreadable = false;

  constructor(options: RestoreOptions, targetOf: TargetOf, io: Io) {
    this.#options = options;
    this.#targetOf = targetOf;
    this.#io = io;
    this.#columns = createColumns(["OUTCOME", "DELETED", "GATEWAY", "RULE", "GROUP"], io.stdout);
  }

  async restore(stored: StoredGroup): Promise<void> {
    const { record } = stored;
    const settings = this.#targetOf(record);
    const result: Restored =
      typeof settings === "string"
        ? { outcome: "failed", reason: settings, losses: [] }
        : await (await this.#connect(settings)).restore(stored);
    this.#counts[result.outcome] += 1;
    if (result.losses.length > 0) this.#lossy += 1;
    if (result.outcome === "restored" && typeof settings !== "string" && settings.name === record.gateway) {
      const labels = this.restored.get(record.gateway);
      if (labels === undefined) this.restored.set(record.gateway, [record.labels]);
      else labels.push(record.labels);
    }
    this.#print(record, result);
  }

  /** Says what is wrong with the archive. */
  tell({ text, isLoss }: ArchiveProblem): void {
    this.#io.stderr.write(`${text}\n`);
    this.#isDamaged ||= isLoss;
  }

  /** The archive cannot be read at all, or not any further. */
  fail(message: string): void {
    this.#isUnreadable = true;
    this.#io.stderr.write(`${message}\n`);
  }

  async end(): Promise<void> {
    await Promise.all([...this.#targets.values()].map((target) => target.close()));
    this.#columns.end();
    const { restored, would_restore: wouldRestore, exists, failed } = this.#counts;
    const parts = [
      this.#options.dryRun ? `${wouldRestore} to restore` : `${restored} restored`,
      ...(exists > 0 ? [`${exists} skipped because they exist`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(this.#lossy > 0 ? [`${this.#lossy} not the same as before`] : []),
    ];
    if (this.#io.stop.aborted) parts.push("interrupted");
    if (this.#isDamaged) parts.push("the archive is damaged: what could not be read is not restored");
    const isEmpty = restored + wouldRestore + exists + failed === 0;
    if (isEmpty && this.#isUnreadable) return;
    const nothing = isEmpty && !this.#isDamaged && !this.#io.stop.aborted;
    this.#io.stdout.write(nothing ? "Nothing in the archive matches.\n" : `\n${parts.join(", ")}\n`);
  }

  exitCode(): number {
    const { restored, would_restore: wouldRestore, exists, failed } = this.#counts;
    const { stop } = this.#io;
    if (stop.aborted && restored === 0) return this.#io.signalExitCode();
    if (failed === 0 && !this.#isUnreadable && !stop.aborted)
      return this.#isDamaged ? exitCodes.partial : exitCodes.done;
    return restored + wouldRestore + exists === 0 ? exitCodes.failed : exitCodes.partial;
  }

  async #connect(settings: PushgatewaySettings): Promise<RestoreTarget> {
    const known = this.#targets.get(settings.url);
    if (known !== undefined) return known;
    const target = await RestoreTarget.connect(settings, this.#options, this.#io);
    this.#targets.set(settings.url, target);
    return target;
  }

  #print({ at, gateway, rule, labels }: GroupRecord, { outcome, reason, losses }: Restored): void {
    const words = { restored: "restored", would_restore: "to restore", exists: "skipped", failed: "failed" };
    this.#columns.add([words[outcome], formatTime(at), gateway, rule ?? "-", formatShortLabels(labels)]);
    for (const remark of [...(reason === null ? [] : [reason]), ...losses.map((loss) => `lost: ${loss}`)]) {
      this.#columns.add([`  ${remark}`]);
    }
  }
}
