import type { Clock } from "../core/clock.ts";
import type { HealthProbe } from "./health.ts";

/** Lets deletions through at a rate that the gateway bears. */
export interface Pace {
  /** Resolves when the next deletion may leave. `unhealthy`: the gateway has been unwell for too long, stop. */
  next(): Promise<"go" | "unhealthy" | "stopped">;
  /** Deletions per second right now. */
  rate(): number;
  /** Ends the watch over the gateway's health. */
  stop(): Promise<void>;
}

export interface PaceOptions {
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
 * The control loop, one value per step; pure. The gateway's queue holds 1,000 requests and `/-/healthy` answers 500
 * when it is full, so that a liveness probe restarts the gateway: 200 a second did no harm to a gateway with 10,000
 * groups and checked pushes beside, unthrottled deletions made it fail (1.5.1 and 1.11). The rate alone keeps no queue from
 * filling while the gateway checks a push: that is for the caller's bound on unconfirmed deletions.
 */
export interface PaceState {
  readonly rate: number;
  /** Whether the gateway was ever slow or unwell: then the rate grows back more slowly than it fell. */
  readonly hasSuffered: boolean;
  /** Monotonic seconds since when the gateway has been unwell; null: it is well. */
  readonly unhealthySince: number | null;
}

/** Deletions per second that no gateway was seen to suffer from. */
export const harmlessRate = 200;
const growth = 2;
/** Less than a halving takes: a gateway that is slow every other time is relieved. */
const cautiousGrowth = 1.25;
const promptSeconds = 0.5;
const probeEverySeconds = 0.25;
/** Unwell for as long as a liveness probe with the usual three tries a few seconds apart would bear. */
export const giveUpAfterSeconds = 15;

export function afterProbe(state: PaceState, probe: HealthProbe, ceiling: number, at: number): PaceState {
  const well = probe.healthy && probe.durationSeconds <= promptSeconds;
  if (well) {
    const rate = state.rate * (state.hasSuffered ? cautiousGrowth : growth);
    return { ...state, rate: Math.min(ceiling, rate), unhealthySince: null };
  }
  return {
    rate: Math.min(ceiling, Math.max(1, state.rate / 2)),
    hasSuffered: true,
    // Slow is a reason to slow down, not to stop.
    unhealthySince: probe.healthy ? null : (state.unhealthySince ?? at),
  };
}

export function createPace({ ceiling, probe, clock, wait, signal }: PaceOptions): Pace {
  const startRate = Math.min(ceiling, harmlessRate);
  let state: PaceState = { rate: startRate, hasSuffered: false, unhealthySince: null };
  let mayLeaveAt = clock.monotonic();
  const watch = new AbortController();
  const stopWatch = (): void => watch.abort();
  signal.addEventListener("abort", stopWatch, { once: true });

  const watching = (async () => {
    // The first look comes at once, before deletions can have done harm: it only tells whether to begin.
    let bound = startRate;
    while (!watch.signal.aborted) {
      const result = await probe(watch.signal).catch(() => null);
      if (result !== null) state = afterProbe(state, result, bound, clock.monotonic());
      bound = ceiling;
      await wait(probeEverySeconds, watch.signal);
    }
  })();

  return {
    async next() {
      while (state.unhealthySince !== null && !signal.aborted) {
        if (clock.monotonic() - state.unhealthySince > giveUpAfterSeconds) return "unhealthy";
        await wait(probeEverySeconds, signal);
      }
      // Deletions a little late are caught up with, a pause is not: no burst after it.
      mayLeaveAt = Math.max(mayLeaveAt, clock.monotonic() - 0.05) + 1 / state.rate;
      const pause = mayLeaveAt - clock.monotonic();
      if (pause > 0) await wait(pause, signal);
      return signal.aborted ? "stopped" : "go";
    },
    rate: () => state.rate,
    async stop() {
      signal.removeEventListener("abort", stopWatch);
      watch.abort();
      await watching;
    },
  };
}
