import type { Clock } from "../../src/core/time.ts";
import type { Wait } from "../../src/gateway/pace.ts";

/** What a local clock does: it is off by so much, or it stands still. */
export type LocalClock = { readonly offsetSeconds: number } | { readonly frozenAt: number };

/** Time as a history needs it: the gateway's, the janitor's, and what passes for both. */
export interface Time {
  /** The gateway's clock, Unix seconds. */
  gatewayNow(): number;
  /** The janitor's: its wall clock may be wrong, its monotonic one is not. */
  readonly clock: Clock;
  /** The waits of a sweep that is told to end by `stop`. */
  waitOf(stop: AbortSignal): Wait;
  setLocalClock(local: LocalClock): void;
  /** Lets time pass, as far as that is possible. */
  advance(seconds: number): void;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time that passes only when somebody waits. In whole milliseconds, so that no rounding blurs the order of things. */
export class VirtualTime implements Time {
  #elapsedMs = 0;
  #gatewayOffsetMs = 1_800_000_000_000;
  #local: LocalClock = { offsetSeconds: 0 };
  readonly #sleepers = new Set<Sleeper>();
  readonly clock: Clock = { now: () => this.#localNow(), monotonic: () => this.#elapsedMs / 1000 };

  gatewayNow(): number {
    return (this.#gatewayOffsetMs + this.#elapsedMs) / 1000;
  }

  /** The gateway's own clock is put back or forward. */
  stepGatewayClock(seconds: number): void {
    this.#gatewayOffsetMs += seconds * 1000;
  }

  setLocalClock(local: LocalClock): void {
    this.#local = local;
  }

  advance(seconds: number): void {
    this.#elapsedMs += Math.ceil(seconds * 1000);
    for (const sleeper of this.#sleepers) if (sleeper.until <= this.#elapsedMs) sleeper.wake();
  }

  /**
   * Waiting on the sweep's own signal is what makes time pass. Anything else waits beside it, as the watch over the
   * gateway's health does, and wakes up when its time has come.
   */
  waitOf(stop: AbortSignal): Wait {
    return async (seconds, signal) => {
      if (signal === stop) {
        if (!signal.aborted) this.advance(seconds);
      } else await this.#sleep(seconds, signal);
      await new Promise((resolve) => setImmediate(resolve));
    };
  }

  #sleep(seconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { until: this.#elapsedMs + seconds * 1000, wake };
      if (signal.aborted) return resolve();
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", wake);
    });
  }

  #localNow(): number {
    return "frozenAt" in this.#local
      ? this.#local.frozenAt
      : 1_800_000_000 + this.#elapsedMs / 1000 + this.#local.offsetSeconds;
  }
}
