import { quote } from "../core/labels.ts";
import type { Mechanism } from "../core/verdict.ts";
import { ParseError } from "../core/errors.ts";
import { cutText, toPrintable } from "../core/printable.ts";
import { toGateway, type FoundGateway, type TargetDefaults } from "./found-gateway.ts";
import { shorten, type GoodAnswer, type Look } from "./look.ts";

/** What a discovery knows. */
export interface DiscoveryState {
  /** Whether it has been asked, with or without success. */
  readonly asked: boolean;
  /** Whether any of its places has answered, be it long ago. */
  readonly answered: boolean;
  readonly gateways: readonly FoundGateway[];
  /** What went wrong when it was last asked, and targets that cannot be swept. One sentence each. */
  readonly problems: readonly string[];
}

export interface DiscoveryOptions {
  readonly mechanism: Mechanism;
  readonly look: Look;
  readonly defaults: TargetDefaults;
  /** Goes on with what this one knows: it looks at the same places. */
  readonly before?: Discovery | undefined;
}

/** One entry of a `*_sd_configs`: asks when told to, and keeps the last good answer of every place. */
export class Discovery {
  readonly mechanism: Mechanism;
  readonly #look: Look;
  readonly #defaults: TargetDefaults;
  #answers: ReadonlyMap<string, GoodAnswer> = new Map();
  #state: DiscoveryState;
  #asking: Promise<boolean> | null = null;

  constructor({ mechanism, look, defaults, before }: DiscoveryOptions) {
    this.mechanism = mechanism;
    this.#look = look;
    this.#defaults = defaults;
    if (before !== undefined) this.#answers = before.#answers;
    this.#state = this.#describe({ asked: false, answered: before?.state().answered ?? false, problems: [] });
  }

  state(): DiscoveryState {
    return this.#state;
  }

  /**
   * Asks anew; who comes while that is under way waits for it.
   * @returns whether it was asked for this call, and not cut off
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    if (this.#asking !== null) {
      await this.#asking;
      return false;
    }
    this.#asking = this.#ask(signal);
    try {
      return await this.#asking;
    } finally {
      this.#asking = null;
    }
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    const looked = await this.#look(signal, [...this.#answers.keys()]);
    // What was cut off says nothing.
    if (signal.aborted) return false;
    const answers = new Map<string, GoodAnswer>();
    const problems: string[] = [];
    for (const [place, answer] of looked) {
      const before = this.#answers.get(place);
      if (answer.ok) answers.set(place, answer);
      else if (before === undefined) problems.push(tell(answer.problem));
      else {
        answers.set(place, before);
        problems.push(tell(`${answer.problem}; its last good answer counts`));
      }
    }
    this.#answers = answers;
    const answered = this.#state.answered || [...looked.values()].some(({ ok }) => ok);
    this.#state = this.#describe({ asked: true, answered, problems });
    return true;
  }

  #describe({ problems, ...rest }: Omit<DiscoveryState, "gateways">): DiscoveryState {
    const gateways: FoundGateway[] = [];
    const refused: string[] = [];
    for (const { targets, redact = (text: string): string => text } of this.#answers.values()) {
      for (const target of targets) {
        try {
          gateways.push(toGateway(target, this.#defaults));
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
          const address = quote(redact(shown(target.address)));
          refused.push(tell(`target ${address} is not swept: ${redact(error.message)}`));
        }
      }
    }
    return {
      ...rest,
      gateways,
      problems: [...problems, ...firstOf([...new Set(refused)], "targets are not swept for such reasons")],
    };
  }
}

const maxProblemLength = 500;
const maxSentences = 20;

/** What stands before an @ may be a password. */
function shown(address: string): string {
  return shorten(address.replace(/^.*@/s, "<secret>@"));
}

function tell(problem: string): string {
  return cutText(toPrintable(problem), maxProblemLength);
}

/** The first of many sentences: an answer that is wrong in one way is mostly wrong throughout. */
export function firstOf(sentences: readonly string[], moreOf: string): readonly string[] {
  const more = sentences.length - maxSentences;
  return more <= 0 ? sentences : [...sentences.slice(0, maxSentences), `${more} more ${moreOf}`];
}
