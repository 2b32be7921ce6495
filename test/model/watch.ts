import type { GroupToArchive } from "../../src/core/decide.ts";
import { activityOf, agreedNow, expectFates, isGone, type Expectation, type Moment } from "./reference.ts";
import { keyOf, type TrueGroup, type TrueGroups } from "./truth.ts";
import type { World } from "./world.ts";

/** A look of the janitor at all groups, with what was true when its request left. */
export interface Look {
  readonly requestedAt: number;
  readonly now: number;
  /** By the janitor's clock. */
  readonly localNow: number;
  readonly startedAt: number;
  readonly groups: TrueGroups;
  /** Nobody could push: then refused pushes are life, too. */
  readonly refusing: boolean;
}

export interface WatchSettings extends Pick<Moment, "rules" | "limits"> {
  readonly dryRun: boolean;
  readonly archived: boolean;
}

/** A timer may fire late on a busy machine, and stands between the janitor's look at its clock and this one. */
const clockBlurSeconds = 0.05;

/** Sees everything that one sweep reads and deletes, and notes what it should not have done. */
export class Watch {
  readonly violations: string[] = [];
  /** What it asked the gateway to delete. */
  readonly named = new Set<string>();
  /** What it archived: the group as it was then. */
  readonly archived = new Map<string, TrueGroup>();
  /** The read that the plan was made from. */
  plan: Look | null = null;
  expectations: ReadonlyMap<string, Expectation> = new Map();
  readonly #world: World;
  readonly #settings: WatchSettings;
  #deleting = false;
  #hosts: Moment["hosts"] = null;
  #last: Look | null = null;
  #lastSeconds = 0;

  constructor(world: World, settings: WatchSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  async look(): Promise<Look> {
    const { time, gateway } = this.#world;
    const refusing = await gateway.refusesEverybody();
    const [requestedAt, now] = [time.clock.monotonic(), time.gatewayNow()];
    const localNow = time.clock.now();
    return {
      requestedAt,
      now,
      localNow,
      refusing,
      startedAt: gateway.startedAt(),
      groups: this.#world.truth(),
    };
  }

  /** Prometheus has answered. */
  answered(hosts: Moment["hosts"]): void {
    this.#hosts = hosts;
  }

  /** From here on what is read is what is acted on; before, the sweep only looks whether the gateway is consistent. */
  deletionsBegin(): void {
    this.#deleting = true;
  }

  /** The read has ended. */
  looked(look: Look, seconds: number): void {
    if (this.plan !== null && !this.#deleting) return;
    this.#last = look;
    this.#lastSeconds = seconds;
    if (this.plan !== null) return;
    this.plan = look;
    this.expectations = expectFates(look.groups, { ...look, ...this.#settings, hosts: this.#hosts });
  }

  appended(groups: readonly GroupToArchive[]): void {
    for (const { decision } of groups) {
      const key = keyOf(decision.group.labels);
      const group = this.#last?.groups.get(key);
      if (group !== undefined) this.archived.set(key, group);
    }
  }

  /** A DELETE is about to leave. */
  deletes(labels: Iterable<readonly [string, string]>): void {
    const key = keyOf(labels);
    this.named.add(key);
    const wrong = this.#whyNot(key);
    if (wrong !== null) this.violations.push(`DELETE of ${key}: ${wrong}`);
  }

  #whyNot(key: string): string | null {
    const { dryRun, archived } = this.#settings;
    const expectation = this.expectations.get(key);
    if (dryRun) return "this is a dry run";
    if (this.plan === null || this.#last === null) return "nothing has been read";
    if (expectation === undefined) return "no such group when the plan was made";
    if (expectation.fate !== "delete" && !expectation.borderline) return `it was ${expectation.fate}`;
    const instance = this.plan.groups.get(key)?.labels["instance"];
    if (expectation.vanished && !isGone(instance, this.#hosts))
      return "its host was known at the last answer";
    if (this.exceedsLimit("surely") && this.named.size > this.allowed()) return "a limit forbids it";
    if (this.#wentBack(this.plan, this.#last)) return "by both clocks it had not expired at the last look";
    const known = this.#last.groups.get(key);
    if (known === undefined) return "it was gone at the last look";
    if (this.#cameBack(key, known, expectation)) return "it had come back to life at the last look";
    const age = this.#world.time.clock.monotonic() - this.#last.requestedAt;
    if (age > this.#maxEvidenceAge() + clockBlurSeconds) return `the last look was ${age} s ago`;
    // A refused push changes no metric.
    if (archived && this.archived.get(key)?.gauges !== known.gauges)
      return "it is not in the archive as it was";
    return null;
  }

  #cameBack(key: string, known: TrueGroup, { rule }: Expectation): boolean {
    const planned = this.plan?.groups.get(key);
    const refusing = this.#last?.refusing ?? false;
    return planned === undefined || activityOf(known, rule, refusing) !== activityOf(planned, rule, refusing);
  }

  /** Whether less time has passed by the clocks than in truth, by more than they may differ. */
  #wentBack(planned: Look, last: Look): boolean {
    const passed = agreedNow(last) - agreedNow(planned);
    return passed < last.requestedAt - planned.requestedAt - 60 - 2 * clockBlurSeconds;
  }

  #maxEvidenceAge(): number {
    return this.#settings.limits.maxEvidenceAgeSeconds ?? 1 + 2 * this.#lastSeconds;
  }

  /** How many groups may be deleted although more have expired. */
  allowed(): number {
    const { maxDeleteRatio, ratioMinGroups, maxDeletes, whenExceeded } = this.#settings.limits;
    if (whenExceeded === "withhold") return 0;
    const groups = this.expectations.size;
    return Math.min(
      maxDeletes,
      groups >= ratioMinGroups ? Math.floor(groups * maxDeleteRatio + 1e-9) : groups,
    );
  }

  /** `surely`: however the borderline cases are seen. */
  exceedsLimit(how: "surely" | "perhaps"): boolean {
    const { maxDeleteRatio, ratioMinGroups, maxDeletes } = this.#settings.limits;
    const expired = [...this.expectations.values()].filter(({ fate, borderline }) =>
      how === "surely" ? fate === "delete" && !borderline : fate === "delete" || borderline,
    ).length;
    const groups = this.expectations.size;
    return expired > maxDeletes || (groups >= ratioMinGroups && expired > groups * maxDeleteRatio);
  }
}
