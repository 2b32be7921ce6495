import { type PushgatewaySettings, ConfigError } from "../config/config.ts";
import { ownGroupLabels } from "../core/group.ts";
import type { SweepReport } from "../core/report.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { RequestError } from "../http/request-error.ts";
import type { JanitorMetrics } from "../telemetry/metrics.ts";
import { connect } from "../fleet/connect.ts";
import type { Discovered } from "../fleet/discover.ts";
import type { OnceFlags } from "./flags.ts";
import { readBuildInfo, type Io } from "./io.ts";
import type { SweepCounts } from "../fleet/sweep-all.ts";
import { writeWhole } from "./write-whole.ts";

/** The metrics of a single sweep, which nobody could come and scrape. */
export interface OnceMetrics extends SweepCounts, Pick<JanitorMetrics, "notificationFailed"> {
  /**
   * Takes them to where the flags say, also after a sweep that failed.
   * @returns what went wrong, for people
   */
  publish(report: SweepReport): Promise<readonly string[]>;
}

type MetricsFlags = Pick<OnceFlags, "metrics.textfile" | "metrics.push" | "shard">;

interface Destination {
  readonly metrics: JanitorMetrics;
  /** What went wrong, for people. */
  readonly publish: (text: string) => Promise<string | null>;
}

export async function createOnceMetrics(
  discovered: Discovered,
  flags: MetricsFlags,
  io: Io,
): Promise<OnceMetrics> {
  const destinations = await findDestinations(discovered, flags, io);
  return {
    observeDelete(gateway, seconds) {
      for (const { metrics } of destinations) metrics.observeDelete(gateway, seconds);
    },
    groupsArchived(gateway, count) {
      for (const { metrics } of destinations) metrics.groupsArchived(gateway, count);
    },
    archiveMeasured(size) {
      for (const { metrics } of destinations) metrics.archiveMeasured(size);
    },
    notificationFailed(notification) {
      for (const { metrics } of destinations) metrics.notificationFailed(notification);
    },
    async publish(report) {
      const problems = await Promise.all(
        destinations.map(async ({ metrics, publish }) => {
          metrics.sweepFinished(report);
          return publish(await metrics.render());
        }),
      );
      return problems.filter((problem) => problem !== null);
    },
  };
}

async function findDestinations(
  { config: { pushgateways, rules, dryRun, archive, notifications }, mechanisms }: Discovered,
  { "metrics.textfile": file, "metrics.push": wantsPush, shard = { index: 0, count: 1 } }: MetricsFlags,
  io: Io,
): Promise<readonly Destination[]> {
  if (file === undefined && wantsPush === undefined) return [];
  const { createMetrics } = await import("../telemetry/metrics.ts");
  const metricsOf = (gateways: readonly PushgatewaySettings[]): JanitorMetrics => {
    const metrics = createMetrics(readBuildInfo(io));
    metrics.configure({
      gateways: gateways.map(({ name }) => name),
      rules,
      dryRun,
      hasArchive: archive !== null,
      notifications: notifications.map(({ name }) => name),
      mechanisms: [...mechanisms.keys()],
      shard,
    });
    for (const [mechanism, { gateways: count, succeeded }] of mechanisms)
      metrics.discovered(mechanism, count, succeeded);
    metrics.configLoaded(io.clock.now());
    return metrics;
  };
  const destinations: Destination[] = [];
  if (file !== undefined) {
    destinations.push({ metrics: metricsOf(pushgateways), publish: (text) => writeTextfile(file, text, io) });
  }
  if (wantsPush === true) {
    // Each gets what is about itself: the others' series would be twice in a Prometheus that scrapes them all.
    const pushes = pushgateways.map((settings) => ({
      metrics: metricsOf([settings]),
      publish: (text: string) => push(settings, text, io),
    }));
    destinations.push(...pushes);
  }
  return destinations;
}

async function writeTextfile(file: string, text: string, io: Io): Promise<string | null> {
  // node_exporter runs as another user.
  const problem = await writeWhole(file, text, 0o644, io);
  return problem === null ? null : `--metrics.textfile: ${problem}`;
}

async function push(settings: PushgatewaySettings, text: string, io: Io): Promise<string | null> {
  let gateway: Gateway | null = null;
  try {
    gateway = await connect(settings, io);
    // Both names are written alike on gateways with and without UTF-8 names.
    await gateway.pushGroup(ownGroupLabels(settings.name), { utf8Names: false }, text, io.abort);
    return null;
  } catch (error) {
    if (!(error instanceof RequestError || error instanceof ConfigError)) throw error;
    return `--metrics.push: ${error.message}`;
  } finally {
    await gateway?.close();
  }
}
