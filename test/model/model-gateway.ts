import { startEmbeddedGateway, type EmbeddedGateway } from "../support/embedded-gateway/embedded-gateway.ts";
import type { SeedGroup } from "../support/embedded-gateway/seed.ts";
import { parseTextFormat } from "../support/embedded-gateway/text-format.ts";
import { keyOf, type LabelRecord, type TrueGroup, type TrueGroups } from "./truth.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface StoredTimes {
  readonly success: number;
}

/** A gateway that a history happens to. */
export interface ModelGateway {
  readonly url: string;
  startedAt(): number;
  /** `at`: gateway time of the push. */
  push(labels: LabelRecord, body: string, replace: boolean): Promise<{ accepted: boolean; at: number }>;
  /** Somebody else deletes a group. */
  remove(labels: LabelRecord): Promise<void>;
  /** How a group looks after so much time down: older, where the clock cannot be set instead. */
  aged(group: TrueGroup, downSeconds: number): TrueGroup;
  /** It ends, and comes back with these groups after so much time. */
  reopen(groups: readonly TrueGroup[], downSeconds: number): Promise<void>;
  /** What it holds, read without the janitor. A real one gets a while to get there. */
  stored(expected: TrueGroups): Promise<ReadonlyMap<string, StoredTimes>>;
  /** Whether it is so inconsistent that no push can succeed. */
  refusesEverybody(): Promise<boolean>;
  /** Hears of every DELETE that did not come by `remove`, as it arrives. */
  onDelete: (key: string) => void;
  /** The janitor says that its DELETE was answered: how a real gateway, which nobody can look into, learns that it arrived. */
  onAnswered(key: string): void;
  close(): Promise<void>;
}

export function toSeeds(groups: readonly TrueGroup[]): readonly SeedGroup[] {
  return groups.map(({ labels, success, failure, gauges }) => ({
    labels,
    pushTime: success,
    failTime: failure,
    metrics: [...gauges].map(([name, value]) => ({ name, type: "gauge" as const, samples: [{ value }] })),
  }));
}

/** The embedded gateway under a virtual clock. Others reach its store directly: that is exact, and fast. */
export async function startVirtualGateway(time: VirtualTime): Promise<ModelGateway> {
  const now = (): number => time.gatewayNow();
  let startedAt = now();
  let gateway = await startEmbeddedGateway({ now });
  const remove = new Map<EmbeddedGateway, EmbeddedGateway["store"]["delete"]>();

  const self: ModelGateway = {
    url: gateway.url,
    startedAt: () => startedAt,
    onDelete: () => {},
    onAnswered: () => {},
    aged: (group) => group,
    push(labels, body, replace) {
      const parsed = parseTextFormat(body, false);
      if ("error" in parsed) throw new Error(parsed.error);
      const refusal = gateway.store.push(new Map(Object.entries(labels)), parsed.families, replace);
      return Promise.resolve({ accepted: refusal === undefined, at: now() });
    },
    remove(labels) {
      remove.get(gateway)?.(new Map(Object.entries(labels)));
      return Promise.resolve();
    },
    async reopen(groups, downSeconds) {
      await gateway.close();
      time.advance(downSeconds);
      startedAt = now();
      gateway = await startEmbeddedGateway({ now, port: gateway.port, groups: toSeeds(groups), startedAt });
      listen();
    },
    stored: () =>
      Promise.resolve(
        new Map(
          gateway.store
            .groups()
            .map(({ labels, pushTime }) => [keyOf(Object.entries(labels)), { success: pushTime }]),
        ),
      ),
    refusesEverybody: () => Promise.resolve(gateway.store.inconsistencies().length > 0),
    close: () => gateway.close(),
  };

  const listen = (): void => {
    const { store } = gateway;
    const original = store.delete;
    remove.set(gateway, original);
    store.delete = (labels) => {
      original(labels);
      self.onDelete(keyOf(labels));
    };
  };
  listen();
  return self;
}
