import { getJson, push } from "../support/push.ts";

/** What pushes its group again and again, until one day it does not. */
export interface Host {
  readonly job: string;
  readonly instance: string;
  /** Unix seconds. */
  vanishesAt: number;
  /** Pushes what the gateway refuses: its group lives by failed pushes. */
  readonly broken: boolean;
  /** When the gateway answered its pushes, Unix seconds. */
  pushedAt: readonly number[];
}

export interface HostsOptions {
  readonly url: string;
  readonly random: () => number;
  readonly jobs: readonly string[];
  readonly population: number;
  readonly now: () => number;
}

/** Everything that ever pushed, by instance: nothing that was pushed is forgotten. */
export class Hosts {
  readonly all = new Map<string, Host>();
  pushes = 0;
  refusedPushes = 0;
  readonly #options: HostsOptions;
  #count = 0;

  constructor(options: HostsOptions) {
    this.#options = options;
  }

  living(): readonly Host[] {
    const now = this.#options.now();
    return [...this.all.values()].filter(({ vanishesAt }) => vanishesAt > now);
  }

  /** One round: who is missing is born, everybody living pushes. What cannot be reached is tried in the next round. */
  async round(): Promise<void> {
    while (this.living().length < this.#options.population) this.#bear();
    for (const host of this.living()) await this.#push(host);
  }

  /** A gateway that is killed knows nothing of what was pushed since it last wrote its state. */
  forget(since: number): void {
    for (const host of this.all.values()) host.pushedAt = host.pushedAt.filter((at) => at <= since);
  }

  /** Nobody pushes any more. */
  vanish(): void {
    const now = this.#options.now();
    for (const host of this.all.values()) {
      if (host.vanishesAt > now) host.vanishesAt = now;
    }
  }

  /** The instances that the gateway has a group of; null while it does not answer. */
  async onGateway(): Promise<ReadonlySet<string> | null> {
    try {
      const { data } = await getJson<{ data: { labels: Record<string, string> }[] }>(
        this.#options.url,
        "/api/v1/metrics",
      );
      return new Set(data.map(({ labels }) => labels["instance"] ?? ""));
    } catch {
      return null;
    }
  }

  #bear(): void {
    const { random, jobs, now } = this.#options;
    const instance = `host-${(this.#count += 1)}`;
    const job = jobs[Math.floor(random() * jobs.length)]!;
    const vanishesAt = now() + 5 + random() * 20;
    this.all.set(instance, { job, instance, vanishesAt, broken: random() < 0.15, pushedAt: [] });
  }

  async #push(host: Host): Promise<void> {
    const { url, now, random } = this.#options;
    const { job, instance, broken } = host;
    const body = broken ? "this is{no metric\n" : `app_value ${random()}\napp_runs_total 1\n`;
    try {
      const { status } = await push(url, { job, instance }, body);
      // Some versions close the connection instead of refusing, as a dying gateway does.
      if (status !== 200 && !broken) return;
      host.pushedAt = [...host.pushedAt, now()];
      this.pushes += 1;
      if (broken) this.refusedPushes += 1;
    } catch {
      // The gateway is down.
    }
  }
}
