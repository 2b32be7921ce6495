import { ParseError } from "../core/errors.ts";
import { quote } from "../core/labels.ts";
import { cutText, toPrintable } from "../core/printable.ts";
import type { Mechanism } from "../core/verdict.ts";
import { shorten, type GoodAnswer, type ReadSources } from "./answer.ts";
import { toGateway, type FoundGateway, type TargetDefaults } from "./found-gateway.ts";

/** What a discovery knows. */
interface DiscoveryState {
  /** Whether it has been asked, with or without success. */
  readonly asked: boolean;
  /** Whether any of its sources has answered, be it long ago. */
  readonly answered: boolean;
  readonly gateways: readonly FoundGateway[];
  /** What went wrong when it was last asked, and targets that cannot be swept. One sentence each. */
  readonly problems: readonly string[];
}

interface DiscoveryOptions {
  readonly mechanism: Mechanism;
  readonly read: ReadSources;
  readonly defaults: TargetDefaults;
  /** A discovery of the same sources; what it knows is taken over. */
  readonly before?: Discovery | undefined;
}

/** One entry of a `*_sd_configs`: reads when asked to, and keeps the last good answer of every source. */
export class Discovery {
  readonly mechanism: Mechanism;
  readonly #read: ReadSources;
  readonly #defaults: TargetDefaults;
  #answers: ReadonlyMap<string, GoodAnswer> = new Map();
  #state: DiscoveryState;
  #reading: Promise<boolean> | null = null;

  constructor({ mechanism, read, defaults, before }: DiscoveryOptions) {
    this.mechanism = mechanism;
    this.#read = read;
    this.#defaults = defaults;
    if (before !== undefined) this.#answers = before.#answers;
    this.#state = this.#describe({ asked: false, answered: before?.state().answered ?? false, problems: [] });
  }

  state(): DiscoveryState {
    return this.#state;
  }

  /**
   * Reads all sources again; a call during such a read waits for it.
   * @returns whether they were read for this call, and not interrupted
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    if (this.#reading !== null) {
      await this.#reading;
      return false;
    }
    this.#reading = this.#refresh(signal);
    try {
      return await this.#reading;
    } finally {
      this.#reading = null;
    }
  }

  async #refresh(signal: AbortSignal): Promise<boolean> {
    const current = await this.#read(signal, [...this.#answers.keys()]);
    // An interrupted read says nothing.
    if (signal.aborted) return false;
    const answers = new Map<string, GoodAnswer>();
    const problems: string[] = [];
    for (const [source, answer] of current) {
      const before = this.#answers.get(source);
      const known = answer.ok ? answer : before;
      if (known !== undefined) answers.set(source, known);
      const suffix = before === undefined ? "" : "; its last good answer counts";
      if (!answer.ok) problems.push(oneLine(`${answer.problem}${suffix}`));
    }
    this.#answers = answers;
    const answered = this.#state.answered || [...current.values()].some(({ ok }) => ok);
    this.#state = this.#describe({ asked: true, answered, problems });
    return true;
  }

  #describe({ problems, ...rest }: Omit<DiscoveryState, "gateways">): DiscoveryState {
    const gateways: FoundGateway[] = [];
    const refused = new Set<string>();
    for (const { targets, redact = (text: string): string => text } of this.#answers.values()) {
      for (const target of targets) {
        try {
          gateways.push(toGateway(target, this.#defaults));
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
          // The text before an @ may be a password.
          const address = quote(redact(shorten(target.address.replace(/^.*@/s, "<secret>@"))));
          refused.add(oneLine(`target ${address} is not swept: ${redact(error.message)}`));
        }
      }
    }
    const reasons = firstOf([...refused], "targets are not swept for such reasons");
    return { ...rest, gateways, problems: [...problems, ...reasons] };
  }
}

const maxProblemLength = 500;
const maxSentences = 20;

function oneLine(problem: string): string {
  return cutText(toPrintable(problem), maxProblemLength);
}

/** The first of many sentences: what is wrong with one target is mostly wrong with all. */
export function firstOf(sentences: readonly string[], moreOf: string): readonly string[] {
  const more = sentences.length - maxSentences;
  return more <= 0 ? sentences : [...sentences.slice(0, maxSentences), `${more} more ${moreOf}`];
}

interface MergedGateways<T> {
  readonly gateways: readonly T[];
  /** Named more than once: swept once. One sentence each. */
  readonly repeated: readonly string[];
  /** Not swept although they are nowhere else. One sentence each. */
  readonly leftOut: readonly string[];
}

/**
 * All gateways of several lists, none twice: two sweeps of one gateway would disturb each other. The first of a URL or name counts.
 * A name belongs to one gateway, since metrics and archive identify gateways by it.
 */
export function mergeGateways<T extends FoundGateway>(lists: readonly (readonly T[])[]): MergedGateways<T> {
  const byUrl = new Map<string, T>();
  const byName = new Map<string, T>();
  const repeated = new Set<string>();
  const leftOut = new Set<string>();
  for (const gateway of lists.flat()) {
    const { name, url } = gateway;
    const sameUrl = byUrl.get(url);
    const sameName = byName.get(name);
    if (sameUrl !== undefined) {
      repeated.add(`${url} is named more than once; it is swept once, as ${sameUrl.name}`);
    } else if (sameName !== undefined) {
      leftOut.add(`${url} is not swept: its name ${name} belongs to ${sameName.url}`);
    } else {
      byUrl.set(url, gateway);
      byName.set(name, gateway);
    }
  }
  return { gateways: [...byUrl.values()], repeated: [...repeated], leftOut: [...leftOut] };
}
