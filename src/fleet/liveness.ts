import { ConfigError, type PrometheusSettings } from "../config/config.ts";
import { asksForHosts, findFailedQueries, type KnownHosts, type Liveness } from "../core/liveness.ts";
import { cutText } from "../core/printable.ts";
import type { Rule, Vanished } from "../core/rule.ts";
import type { Prometheus } from "../prometheus/prometheus.ts";
import type { ReadLiveness } from "../sweep/sweep-context.ts";
import type { Logger } from "../telemetry/logger.ts";
import { readServerOptions } from "./connect.ts";
import { createSlots } from "./slots.ts";
import type { World } from "./world.ts";

/** What Prometheus knows about the hosts of all gateways, for one sweep. Close it at its end. */
interface LivenessReader {
  readonly read: ReadLiveness;
  close(): Promise<void>;
}

interface LivenessOptions {
  /** @throws {@link ConfigError} */
  readonly connect: () => Promise<Prometheus>;
  /** Monotonic seconds. */
  readonly monotonic: () => number;
  readonly log: Logger;
}

/** Deletions that take longer than this are judged by a new answer. */
const reuseSeconds = 60;

/** As many queries at once: Prometheus has other work, and by default runs 20. */
const maxQueries = 4;

/** After as many failures in a row that took this long, no other query is sent for a minute: each would hold up the sweep as long. */
const silentSeconds = 5;

/** Messages of one sweep that are logged: a server can answer each query with another one. The report has them all. */
const maxLogged = 20;

interface Asked {
  /** When the query was sent, or when it failed; infinite: it is under way. */
  at: number;
  readonly hosts: Promise<KnownHosts>;
}

/**
 * Asks each distinct query once, whatever the number of rules and gateways; an answer is reused for a minute. A query that fails,
 * for whatever reason, says nothing about hosts; that is logged once for all of its rules.
 */
export function createLivenessReader({ connect, monotonic, log }: LivenessOptions): LivenessReader {
  let connection: Promise<Prometheus> | null = null;
  const answers = new Map<string, Asked>();
  const logged = new Set<string>();
  const slots = createSlots(maxQueries);

  let slowFailures = 0;
  let lastSlow = { at: Number.NEGATIVE_INFINITY, message: "" };

  const send = async ({ query, seriesLabel }: Vanished, signal: AbortSignal): Promise<KnownHosts> => {
    try {
      const prometheus = await (connection ??= connect());
      return await prometheus.queryHosts(query, seriesLabel, signal);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // A secret's file that is missing or being replaced: the next question may find it.
      connection = null;
      return { ok: false, message: error.message };
    }
  };

  const sendUnlessSilent = async (vanished: Vanished, signal: AbortSignal): Promise<KnownHosts> => {
    const sentAt = monotonic();
    if (slowFailures >= maxQueries && sentAt - lastSlow.at <= reuseSeconds)
      return { ok: false, message: lastSlow.message };
    const hosts = await send(vanished, signal);
    if (!hosts.ok && monotonic() - sentAt >= silentSeconds) {
      slowFailures += 1;
      lastSlow = { at: monotonic(), message: hosts.message };
    } else slowFailures = 0;
    return hosts;
  };

  const reuseOrAsk = (vanished: Vanished, signal: AbortSignal): Promise<KnownHosts> => {
    const key = JSON.stringify([vanished.query, vanished.seriesLabel]);
    const earlier = answers.get(key);
    if (earlier !== undefined && monotonic() - earlier.at <= reuseSeconds) return earlier.hosts;
    const ask = async (): Promise<KnownHosts> => {
      const giveBack = await slots.take();
      try {
        const sentAt = monotonic();
        const hosts = await sendUnlessSilent(vanished, signal);
        // A failure counts from its end: otherwise each gateway would wait for the next one of a Prometheus that is silent for longer.
        asked.at = hosts.ok ? sentAt : monotonic();
        return hosts;
      } finally {
        giveBack();
      }
    };
    const asked: Asked = { at: Number.POSITIVE_INFINITY, hosts: ask() };
    answers.set(key, asked);
    return asked.hosts;
  };

  const logFailures = (liveness: Liveness): void => {
    const failed = findFailedQueries(liveness);
    for (const message of new Set(failed.map((one) => one.message))) {
      if (logged.has(message) || logged.size > maxLogged) continue;
      logged.add(message);
      if (logged.size > maxLogged) {
        log.warn("More queries for hosts failed; the report names them");
        continue;
      }
      const names = failed.flatMap((one) => (one.message === message ? [one.rule] : []));
      const rules = cutText(names.join(", "), 200);
      log.warn("Hosts count as alive, as their query failed", { rules, err: message });
    }
  };

  return {
    async read(rules, signal): Promise<Liveness> {
      const asked = rules
        .filter(asksForHosts)
        .map(async ({ name, vanished }) => [name, await reuseOrAsk(vanished, signal)] as const);
      const liveness = new Map(await Promise.all(asked));
      if (!signal.aborted) logFailures(liveness);
      return liveness;
    },
    async close() {
      await (await connection?.catch(() => null))?.close();
    },
  };
}

/** For the rules of a configuration; null if none of them asks Prometheus. */
export function openLiveness(
  { prometheus, rules }: { readonly prometheus: PrometheusSettings | null; readonly rules: readonly Rule[] },
  { clock, env }: Pick<World, "clock" | "env">,
  log: Logger,
): LivenessReader | null {
  if (prometheus === null || !rules.some(asksForHosts)) return null;
  return createLivenessReader({
    async connect() {
      const { createPrometheus } = await import("../prometheus/prometheus.ts");
      return createPrometheus(await readServerOptions(prometheus, env), prometheus.minUptimeSeconds);
    },
    monotonic: () => clock.monotonic(),
    log,
  });
}
