import { cut, maxKeyLength } from "../budget.ts";
import type { JsonVisitor } from "../../http/json-scanner.ts";

type Pair = readonly [name: string, value: string];

/** One group of `GET /api/v1/metrics`, as far as decisions need it. Valid until the next group begins. */
export interface ScannedGroup {
  /** The members of `labels`; null if that is not an object of strings. */
  readonly labels: readonly Pair[] | null;
  /** Labels are over the budget: `labels` has only the first of them, and the `job`. */
  readonly labelsAreCut: boolean;
  /** The wanted families by name. */
  readonly families: ReadonlyMap<string, ScannedFamily>;
  /** Of all families. */
  readonly series: number;
  /** Names of families with a series whose buckets are a list: the first ones, each cut. */
  readonly nativeHistograms: readonly string[];
}

/** One family, with value and labels of its last series; they matter only if it has one. */
export interface ScannedFamily {
  /** How many; null: there is no list of them, so that this is not a family, or missing. */
  readonly series: number | null;
  readonly timestamp: string | null;
  readonly value: string | null;
  /** null if they are not an object of strings, or over the budget. */
  readonly labels: readonly Pair[] | null;
}

/** JSON, but not an answer of the Pushgateway's API. */
export class ApiShapeError extends Error {
  override readonly name = "ApiShapeError";
}

/** Called for every group, with the offsets of its first and last byte in the current chunk. */
interface GroupListener {
  begin(offset: number): void;
  end(group: ScannedGroup, offset: number): void;
}

/**
 * Depths in the answer: `{data: [{<family>: {metrics: [{labels: {…}}]}}]}`. The only list in a family is that of its series, and the only
 * list in a series that of a native histogram's buckets (seen on 1.5.1 and 1.11).
 */
const inAnswer = 1;
const inData = 2;
const inGroup = 3;
const inFamily = 4;
const inMetrics = 5;
const inSeries = 6;
const inLabels = 7;

/** Of native histograms. */
const keptNames = 10;

const nowhere = Number.MAX_SAFE_INTEGER;

class OpenFamily implements ScannedFamily {
  isThere = false;
  series: number | null = null;
  timestamp: string | null = null;
  value: string | null = null;
  labels: Pair[] | null = null;

  reset(): void {
    this.isThere = false;
    this.series = null;
    this.timestamp = null;
    this.value = null;
    this.labels = null;
  }
}

/** Reused for all groups. */
class OpenGroup implements ScannedGroup {
  labels: Pair[] | null = null;
  hasLabels = false;
  labelsAreCut = false;
  lateJob: string | null = null;
  readonly families: ReadonlyMap<string, OpenFamily>;
  series = 0;
  nativeHistograms: string[] = [];

  constructor(names: Iterable<string>) {
    this.families = new Map([...names].map((name) => [name, new OpenFamily()]));
  }

  reset(): void {
    this.labels = null;
    this.hasLabels = false;
    this.labelsAreCut = false;
    this.lateJob = null;
    this.series = 0;
    this.nativeHistograms = [];
    for (const family of this.families.values()) family.reset();
  }
}

/**
 * Finds the groups in the API's answer while it is scanned. It keeps only the wanted families, and counts the rest. A needed member that
 * occurs twice is refused, as either could be meant.
 */
export class GroupScanner implements JsonVisitor {
  /** The `status` and `error` of the answer. */
  readonly envelope = new Map<string, string>();
  /** Whether there was a list of groups. */
  hasData = false;
  #groups = 0;
  readonly #listener: GroupListener;

  #depth = 0;
  /** By depth, the current member. */
  readonly #names: string[] = Array.from({ length: inLabels + 1 }, () => "");
  /** The depth of a value of no interest, inside of which nothing is. */
  #astray = nowhere;

  readonly #group: OpenGroup;
  /** The current member of the group, if it is wanted. */
  #family: OpenFamily | null = null;
  #hasSeries = false;
  #isNativeHistogram = false;
  /** Characters of the current labels so far. */
  #labelsLength = 0;

  constructor(wanted: ReadonlySet<string>, listener: GroupListener) {
    this.#group = new OpenGroup(wanted);
    this.#listener = listener;
  }

  key(name: string): void {
    this.#names[this.#depth] = name;
    if (this.#depth === inGroup) this.#beginMember(name);
  }

  wantsText(): boolean {
    switch (this.#depth) {
      case inAnswer:
        return this.#names[inAnswer] === "status" || this.#names[inAnswer] === "error";
      case inFamily:
        return this.#isInKey() || (this.#family !== null && this.#names[inFamily] === "time_stamp");
      case inSeries:
        return this.#family !== null && this.#names[inSeries] === "value";
      default:
        return this.#depth === inLabels;
    }
  }

  text(text: string): void {
    const name = this.#names[this.#depth] ?? "";
    if (this.#depth === inAnswer) this.envelope.set(name, text);
    else if (this.#depth === inLabels) this.#addSeriesLabel(name, text);
    else if (this.#depth === inSeries) {
      if (this.#family !== null) this.#family.value = text;
    } else {
      if (this.#isInKey()) this.#addLabel(name, text);
      if (name === "time_stamp" && this.#family !== null) this.#family.timestamp = text;
    }
  }

  #addLabel(name: string, text: string): void {
    if (!this.#group.labelsAreCut) this.#group.labels?.push([name, text]);
    else if (name === "job") this.#group.lateJob = text;
    this.#labelsLength += name.length + text.length;
    if (this.#labelsLength > maxKeyLength) this.#group.labelsAreCut = true;
  }

  #addSeriesLabel(name: string, text: string): void {
    if (this.#family === null) return;
    this.#labelsLength += name.length + text.length;
    if (this.#labelsLength <= maxKeyLength) this.#family.labels?.push([name, text]);
    else this.#family.labels = null;
  }

  scalar(): void {
    this.#noText(this.#depth);
  }

  open(isList: boolean, offset: number): boolean {
    const depth = this.#depth;
    this.#depth += 1;
    if (this.#astray !== nowhere) return false;
    if (this.#enter(depth, isList, offset)) return this.#listens();
    this.#noText(depth);
    this.#astray = depth;
    return false;
  }

  close(offset: number): boolean {
    this.#depth -= 1;
    if (this.#astray === this.#depth) this.#astray = nowhere;
    else if (this.#astray !== nowhere) return false;
    else if (this.#depth === inData) this.#endGroup(offset);
    return this.#listens();
  }

  /** Of unwanted families only the lists and objects count. */
  #listens(): boolean {
    const depth = this.#depth;
    return depth < inFamily || depth === inMetrics || this.#family !== null || this.#isInKey();
  }

  /** Begins an object or list; false: it is of no interest. */
  #enter(depth: number, isList: boolean, offset: number): boolean {
    switch (depth) {
      case inSeries:
        if (isList) this.#noteNativeHistogram();
        else if (this.#needsLabels() && this.#names[inSeries] === "labels") {
          this.#beginLabels();
          return true;
        }
        return false;
      case inMetrics:
        if (isList) return false;
        this.#beginSeries();
        return true;
      case inFamily:
        if (isList) this.#beginList();
        return isList;
      case inGroup:
        if (isList) return false;
        this.#beginFamily();
        return true;
      case inData:
        if (isList) return false;
        this.#beginGroup(offset);
        return true;
      case inAnswer:
        if (!isList || this.#names[inAnswer] !== "data") return false;
        if (this.hasData) throw twice("data");
        this.hasData = true;
        return true;
      default:
        return depth === 0 && !isList;
    }
  }

  /** Handles a value of no interest: in some positions it makes the answer or a family unreadable. */
  #noText(depth: number): void {
    switch (depth) {
      case 0:
        throw new ApiShapeError("the answer is not the Pushgateway's API");
      case inData:
        throw this.#unreadable();
      case inFamily:
        if (this.#isInKey()) this.#group.labels = null;
        if (this.#family !== null && this.#names[inFamily] === "time_stamp") this.#family.timestamp = null;
        break;
      case inMetrics:
        this.#beginSeries();
        break;
      case inSeries:
        if (this.#family === null) break;
        if (this.#names[inSeries] === "value") this.#family.value = null;
        else if (this.#names[inSeries] === "labels") this.#family.labels = null;
        break;
      case inLabels:
        if (this.#family !== null) this.#family.labels = null;
        break;
      default:
    }
  }

  #beginGroup(offset: number): void {
    this.#group.reset();
    this.#listener.begin(offset);
  }

  #endGroup(offset: number): void {
    if (!this.#group.hasLabels) throw this.#unreadable();
    this.#groups += 1;
    if (this.#group.lateJob !== null) this.#group.labels?.push(["job", this.#group.lateJob]);
    this.#listener.end(this.#group, offset);
  }

  #beginMember(name: string): void {
    this.#family = null;
    const group = this.#group;
    if (name === "labels") {
      if (group.hasLabels) throw twice(name);
      group.hasLabels = true;
    }
    const family = group.families.get(name);
    if (family === undefined) return;
    if (family.isThere) throw twice(name);
    family.isThere = true;
    this.#family = family;
  }

  #beginFamily(): void {
    this.#hasSeries = false;
    this.#isNativeHistogram = false;
    if (!this.#isInKey()) return;
    this.#group.labels = [];
    this.#labelsLength = 0;
  }

  #beginList(): void {
    if (this.#hasSeries)
      throw new ApiShapeError("a family has two lists: which of them its series are is not known");
    this.#hasSeries = true;
    if (this.#isInKey()) this.#group.labels = null;
    if (this.#family !== null) this.#family.series = 0;
  }

  #beginSeries(): void {
    this.#group.series += 1;
    if (this.#family === null) return;
    this.#family.series = (this.#family.series ?? 0) + 1;
    this.#family.value = null;
    this.#family.labels = null;
  }

  #beginLabels(): void {
    if (this.#family !== null) this.#family.labels = [];
    this.#labelsLength = 0;
  }

  #noteNativeHistogram(): void {
    const names = this.#group.nativeHistograms;
    if (!this.#isNativeHistogram && names.length < keptNames) names.push(cut(this.#names[inGroup] ?? ""));
    this.#isNativeHistogram = true;
  }

  /** The labels of a series only matter if the grouping key has not come before, as it usually does. */
  #needsLabels(): boolean {
    return this.#family !== null && this.#group.labels === null;
  }

  /** Whether this is the grouping key, or a metric of that name. */
  #isInKey(): boolean {
    return this.#names[inGroup] === "labels";
  }

  #unreadable(): ApiShapeError {
    return new ApiShapeError(`the group at data[${this.#groups}] cannot be read`);
  }
}

function twice(name: string): ApiShapeError {
  return new ApiShapeError(`"${name}" is there twice in one object: which one counts is not known`);
}
