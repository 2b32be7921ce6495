import type { Config } from "../config/config.ts";
import type { GatewayReport, SweepReport } from "../core/report.ts";
import { sweepGateway } from "../sweep/sweep.ts";
import { createLogger } from "../telemetry/logger.ts";
import { connect } from "./connect.ts";
import type { SweepFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { createProgressLine } from "./progress.ts";
import { openSweepArchive } from "./sweep-archive.ts";

/** Sweeps every gateway of the configuration, each by itself: one's trouble never stops another's sweep. */
export async function sweepAll(
  config: Config,
  dryRun: boolean,
  flags: SweepFlags,
  io: Io,
): Promise<SweepReport> {
  const startedAt = io.clock.now();
  const progress = createProgressLine(io);
  const log = createLogger(flags["log.level"], flags["log.format"], (line) => {
    progress.clear();
    io.stderr.write(line);
  });
  const archive = await openSweepArchive(config, dryRun, { clock: io.clock, log });
  const sweepOne = async (settings: Config["pushgateways"][number]): Promise<GatewayReport> => {
    const gateway = await connect(settings, io.clock);
    const metrics = { observeDelete: () => {} };
    const context = { ...io, gateway, archive, log, metrics, progress: progress.update };
    try {
      return await sweepGateway(context, { rules: config.rules, limits: config.limits, dryRun });
    } finally {
      await gateway.close();
    }
  };
  try {
    const gateways = await Promise.all(config.pushgateways.map(sweepOne));
    progress.clear();
    return { startedAt, finishedAt: io.clock.now(), dryRun, gateways };
  } finally {
    await archive?.close();
  }
}
