import { type PushgatewaySettings, ConfigError } from "../config/config.ts";
import { ownGroupLabels } from "../core/group.ts";
import type { SweepReport } from "../core/report.ts";
import { allGateways } from "../core/shard.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { RequestError } from "../http/request-error.ts";
import type { JanitorMetrics } from "../telemetry/metrics.ts";
import { connect } from "../fleet/connect.ts";
import type { Discovered } from "../fleet/discover.ts";
import type { OnceFlags } from "./flags.ts";
import { readBuildInfo, type Io } from "./io.ts";
import type { SweepCounts } from "../fleet/sweep-all.ts";
import { writeOutputFile } from "./output-file.ts";

/** The metrics of a single sweep, which ends before anything could scrape it. */
interface OnceMetrics extends SweepCounts, Pick<JanitorMetrics, "notificationSent"> {
  /**
   * Delivers them as the flags say, also after a sweep that failed.
   * @returns what went wrong, for people
   */
  publish(report: SweepReport): Promise<readonly string[]>;
}

type MetricsFlags = Pick<OnceFlags, "metrics.textfile" | "metrics.push" | "metrics.interval" | "shard">;

interface MetricsDestination {
  readonly metrics: JanitorMetrics;
  /** @returns what went wrong, for people */
  readonly publish: (text: string) => Promise<string | null>;
}

export async function createOnceMetrics(
  discovered: Discovered,
  flags: MetricsFlags,
  io: Io,
): Promise<OnceMetrics> {
  const destinations = await findDestinations(discovered, flags, io);
  const all = destinations.map(({ metrics }) => metrics);
  return {
    // Only the metrics of a service have counters.
    observeDelete: () => {},
    groupsArchived: () => {},
    archiveMeasured: (size) => all.forEach((metrics) => metrics.archiveMeasured(size)),
    notificationSent: (name, succeeded) =>
      all.forEach((metrics) => metrics.notificationSent(name, succeeded)),
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
  { config, mechanisms }: Discovered,
  {
    "metrics.textfile": file,
    "metrics.push": wantsPush,
    "metrics.interval": intervalSeconds,
    shard = allGateways,
  }: MetricsFlags,
  io: Io,
): Promise<readonly MetricsDestination[]> {
  if (file === undefined && wantsPush === undefined) return [];
  const { createMetrics } = await import("../telemetry/metrics.ts");
  const metricsOf = (gateways: readonly PushgatewaySettings[]): JanitorMetrics => {
    const metrics = createMetrics(readBuildInfo(io), { intervalSeconds });
    const names = gateways.map(({ name }) => name);
    metrics.configure({ ...config, gateways: names, mechanisms: [...mechanisms.keys()], shard });
    for (const [mechanism, found] of mechanisms) metrics.discovered(mechanism, found, found.succeeded);
    return metrics;
  };
  const writeTextfile = async (path: string, text: string): Promise<string | null> => {
    // node_exporter runs as another user.
    const problem = await writeOutputFile(path, text, 0o644, io);
    return problem === null ? null : `--metrics.textfile: ${problem}`;
  };
  return [
    ...(file === undefined
      ? []
      : [{ metrics: metricsOf(config.pushgateways), publish: (text: string) => writeTextfile(file, text) }]),
    // Each gateway gets its own series: the others' would be twice in a Prometheus that scrapes them all.
    ...(wantsPush === undefined ? [] : config.pushgateways).map((settings) => ({
      metrics: metricsOf([settings]),
      publish: (text: string) => push(settings, text, io),
    })),
  ];
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
