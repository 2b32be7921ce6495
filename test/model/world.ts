import type { ModelGateway } from "./model-gateway.ts";
import { afterPush, keyOfRecord, type LabelRecord, type TrueGroup, type TrueGroups } from "./truth.ts";
import type { Time } from "./virtual-time.ts";

/**
 * Whom the pushes of a history are about. Some differ only by `instance=""`, which poisons; some have a path that a
 * careless cleaner would fold into another's; one cannot be named at all.
 */
export const labelSets: readonly LabelRecord[] = [
  { job: "a" },
  { job: "a", instance: "1" },
  { job: "a", instance: "2" },
  { job: "a", x: ".." },
  { job: "a", x: "%2e%2e" },
  { job: "b" },
  { job: "b", instance: "1" },
  { job: "b", instance: "a/b" },
  { job: "b", instance: "1", x: "" },
  { job: "c" },
  { job: "c", instance: "ü\n" },
  { job: "c", x: "." },
  { job: ".." },
  { job: "..", instance: "1" },
  { job: "b", x: "\uFFFD" },
  { job: "d" },
];

/** `timestamp`: refused in any case. `type`: counters, refused while others have gauges of that name. */
export type Fault = "timestamp" | "type";

/** A gateway, what is true about it, and everything that others do to it. */
export class World {
  readonly gateway: ModelGateway;
  readonly time: Time;
  /** What DELETEs of the janitor have arrived for. */
  readonly arrived = new Set<string>();
  /** What Prometheus answers; null: nothing of use. */
  hosts: ReadonlySet<string> | null = new Set(["1"]);
  #turn: Promise<unknown> = Promise.resolve();
  readonly #truth = new Map<string, TrueGroup>();
  /** What a killed gateway comes back with. */
  #persisted: readonly TrueGroup[] = [];

  constructor(gateway: ModelGateway, time: Time) {
    this.gateway = gateway;
    this.time = time;
    gateway.onDelete = (key) => {
      this.arrived.add(key);
      this.#truth.delete(key);
    };
  }

  /** One at a time: what happens while a request is under way might be in its answer, and might not. */
  inTurn<T>(what: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(what);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** The groups as they are now; the values never change. */
  truth(): TrueGroups {
    return new Map(this.#truth);
  }

  async push(
    labels: LabelRecord,
    gauges: ReadonlyMap<string, number>,
    { replace, fault }: { replace: boolean; fault?: Fault },
  ): Promise<void> {
    this.time.advance(0.001);
    const { accepted, at } = await this.gateway.push(labels, renderBody(gauges, fault), replace);
    const key = keyOfRecord(labels);
    this.#truth.set(key, afterPush(this.#truth.get(key), { labels, gauges, replace, at, accepted }));
  }

  async remove(labels: LabelRecord): Promise<void> {
    await this.gateway.remove(labels);
    this.#truth.delete(keyOfRecord(labels));
  }

  /** What has an `instance=""` beside a group without one, which is how a gateway gets poisoned here. */
  twins(): readonly LabelRecord[] {
    return [...this.#truth.values()].map(({ labels }) => labels).filter(({ instance }) => instance === "");
  }

  /** What is in memory is written. */
  persist(): void {
    this.#persisted = [...this.#truth.values()];
  }

  /** SIGTERM: everything is written before. */
  async restart(downSeconds: number): Promise<void> {
    this.persist();
    await this.kill(downSeconds);
  }

  /** SIGKILL: what happened since the last write is lost, deletions too. */
  async kill(downSeconds: number): Promise<void> {
    const groups = this.#persisted.map((group) => this.gateway.aged(group, downSeconds));
    await this.gateway.reopen(groups, downSeconds);
    this.#truth.clear();
    for (const group of groups) this.#truth.set(keyOfRecord(group.labels), group);
  }
}

function renderBody(gauges: ReadonlyMap<string, number>, fault: Fault | undefined): string {
  if (fault === "timestamp") return "app_up 1 12345\n";
  const type = fault === "type" ? "counter" : "gauge";
  return [...gauges].map(([name, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join("");
}
