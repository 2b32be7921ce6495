import type { Clock } from "../core/time.ts";
import type { HttpClient } from "../http/client.ts";
import { expectSuccess } from "../http/expect-success.ts";
import { RequestError } from "../http/request-error.ts";

/** Permits deletions at a rate that the gateway bears, and none before its health is known. */
export interface Pace {
  /** Resolves when the next deletion may be sent, or none may any more: see {@link Pace.problem}. */
  next(): Promise<"go" | "unhealthy" | "stopped">;
  /** Deletions per second right now. */
  rate(): number;
  /** A rate limit answered a deletion: send nothing for so many seconds, and less afterwards. */
  slowDown(retryAfterSeconds: number): void;
  /** Why `next` returned `unhealthy`. */
  problem(): string;
  /** Stops asking for the gateway's health. */
  stop(): Promise<void>;
}

interface PaceOptions {
  /** Deletions per second, never exceeded. */
  readonly ceiling: number;
  readonly probe: (signal: AbortSignal) => Promise<HealthProbe>;
  readonly clock: Clock;
  readonly wait: Wait;
  readonly signal: AbortSignal;
}

/** Resolves after that many seconds, or as soon as the signal aborts; never rejects. */
export type Wait = (seconds: number, signal: AbortSignal) => Promise<void>;

/**
 * The state of the control loop; pure. The gateway's queue holds 1,000 requests. When it is full, `/-/healthy` answers 500, and a
 * liveness probe restarts the gateway: 200 deletions a second did no harm to a gateway with 10,000 groups and checked pushes, unthrottled
 * ones did (1.5.1 and 1.11). While the gateway checks a push, the queue fills at any rate: the caller bounds unconfirmed deletions.
 */
export interface PaceState {
  readonly rate: number;
  /** The factor by which a prompt answer raises the rate. */
  readonly growth: number;
  /** `unknown` until the first answer. Only while it is `healthy` may deletions be sent. */
  readonly health: "unknown" | HealthProbe["health"];
  /** Since when the gateway has not been healthy, monotonic seconds; null: it is healthy, or nothing is known. */
  readonly troubledSince: number | null;
  /** Of the last answer that was not healthy. */
  readonly problem: string;
}

/** Deletions per second that harmed no gateway. */
const harmlessRate = 200;
const initialGrowth = 2;
/** After trouble: recovers less than a halving takes, so that a gateway that is slow every other time gets relief. */
const cautiousGrowth = 1.25;
/** After a rate limit, which answers 429 each time the rate reaches it. */
const limitedGrowth = 1.05;
const promptSeconds = 0.5;
const probeEverySeconds = 0.25;
/** As long as a liveness probe with the usual three tries, a few seconds apart, tolerates. */
const unhealthyPatienceSeconds = 15;
/** For how long a rate limit may delay a sweep. It says nothing about the gateway. */
export const rateLimitPatienceSeconds = 60;

/** How long deletions wait for a gateway in this state before they end, seconds. */
export function patienceSeconds({ health }: PaceState): number {
  if (health === "blocked") return 0;
  return health === "limited" ? rateLimitPatienceSeconds : unhealthyPatienceSeconds;
}

export function startPace(ceiling: number): PaceState {
  const rate = Math.min(ceiling, harmlessRate);
  return { rate, growth: initialGrowth, health: "unknown", troubledSince: null, problem: "" };
}

export function afterProbe(state: PaceState, probe: HealthProbe, ceiling: number, at: number): PaceState {
  const { health } = probe;
  if (health === "healthy") {
    const calm: PaceState = { ...state, health, troubledSince: null };
    if (probe.durationSeconds > promptSeconds) return slower(calm, cautiousGrowth);
    // The first answer came before any deletion, and says nothing about the rate.
    if (state.health === "unknown") return calm;
    return { ...calm, rate: Math.min(ceiling, state.rate * state.growth) };
  }
  const troubled = {
    ...state,
    health,
    troubledSince: state.troubledSince ?? at,
    problem: probe.problem ?? "",
  };
  return slower(troubled, health === "limited" ? limitedGrowth : cautiousGrowth);
}

/** Halves the rate, down to one a second, and limits its growth for the rest of the sweep. */
export function slower(state: PaceState, growth: number): PaceState {
  return {
    ...state,
    rate: Math.max(Math.min(1, state.rate), state.rate / 2),
    growth: Math.min(state.growth, growth),
  };
}

export function createPace({ ceiling, probe, clock, wait, signal }: PaceOptions): Pace {
  let state = startPace(ceiling);
  let maySendAt = clock.monotonic();
  const watch = new AbortController();
  const stopWatch = (): void => watch.abort();
  signal.addEventListener("abort", stopWatch, { once: true });
  if (signal.aborted) stopWatch();

  const ask = async (): Promise<HealthProbe | null> => {
    const result = await probe(watch.signal).catch(() => null);
    if (result !== null) state = afterProbe(state, result, ceiling, clock.monotonic());
    return result;
  };
  const first = ask();
  const watching = (async () => {
    let last = await first;
    for (;;) {
      await wait(Math.max(probeEverySeconds, last?.retryAfterSeconds ?? 0), watch.signal);
      if (watch.signal.aborted) return;
      last = await ask();
    }
  })();

  return {
    async next() {
      await first;
      while (state.health !== "healthy" && !signal.aborted) {
        const troubledSeconds = clock.monotonic() - (state.troubledSince ?? clock.monotonic());
        if (state.health !== "unknown" && troubledSeconds >= patienceSeconds(state)) return "unhealthy";
        await wait(probeEverySeconds, signal);
      }
      // Makes up for small delays, but not for pauses: no burst after them.
      maySendAt = Math.max(maySendAt, clock.monotonic() - 0.05) + 1 / state.rate;
      const pause = maySendAt - clock.monotonic();
      if (pause > 0) await wait(pause, signal);
      return signal.aborted ? "stopped" : "go";
    },
    rate: () => state.rate,
    slowDown(retryAfterSeconds) {
      state = slower(state, limitedGrowth);
      maySendAt = Math.max(maySendAt, clock.monotonic() + retryAfterSeconds);
    },
    problem: () => state.problem,
    async stop() {
      signal.removeEventListener("abort", stopWatch);
      watch.abort();
      await watching;
    },
  };
}

/**
 * - `healthy`: 200
 * - `unhealthy`: the gateway says so (500: its write queue is full), or does not answer
 * - `limited`: a rate limit answered (429, or 503 with `Retry-After`): nothing is known about the gateway
 * - `blocked`: a proxy does not let the request through: nothing will be known about the gateway
 */
type Health = "healthy" | "unhealthy" | "limited" | "blocked";

export interface HealthProbe {
  readonly health: Health;
  readonly durationSeconds: number;
  /** URL, status and remedy; null: healthy. */
  readonly problem: string | null;
  /** How long the answer asks to wait; 0 unless `limited`. */
  readonly retryAfterSeconds: number;
}

const timeoutSeconds = 2;

/** Never the gateway's own answers, and the same at the next try. */
const blockingStatuses: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);

/**
 * One request of `/-/healthy`, as a liveness probe sends it: on a connection of its own, with a timeout of 2 s.
 * @throws {@link RequestError} with the code `aborted` only; no answer is `unhealthy`
 */
export async function probeHealth(
  client: HttpClient,
  clock: Clock,
  signal?: AbortSignal,
): Promise<HealthProbe> {
  const path = "/-/healthy";
  const startedAt = clock.monotonic();
  const probe = (health: Health, error: RequestError | null = null): HealthProbe => ({
    health,
    durationSeconds: clock.monotonic() - startedAt,
    problem: error === null ? null : error.message,
    retryAfterSeconds: error?.retryAfterSeconds ?? 0,
  });
  try {
    const response = await client.send({ method: "GET", path, timeoutSeconds, signal, connection: "aside" });
    expectSuccess(response);
    return probe("healthy");
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "aborted") throw error;
    return probe(healthOf(error), error);
  }
}

function healthOf({ code, httpStatus, retryAfterSeconds }: RequestError): Health {
  if (retryAfterSeconds !== null) return "limited";
  const isBlocked = code === "redirect" || (httpStatus !== null && blockingStatuses.has(httpStatus));
  return isBlocked ? "blocked" : "unhealthy";
}
