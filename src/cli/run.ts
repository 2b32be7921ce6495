import { configFiles } from "../config/config-files.ts";
import type { Config } from "../config/config.ts";
import { renderProblem } from "../config/problem.ts";
import type { WebConfig } from "../config/web-config.ts";
import { loadWebConfig } from "../config/web-load.ts";
import { parseTimer } from "../core/duration.ts";
import { sumFiles, watchFiles, type FileSums } from "../service/file-watch.ts";
import { createReadGuard } from "../fleet/read-guard.ts";
import type { Loaded, ReloadResult } from "../service/reload.ts";
import { Service } from "../service/service.ts";
import { parseListenAddress } from "../service/web/listen-address.ts";
import { startWebServer, type WebServer } from "../service/web/web-server.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { readBuildInfo } from "./build-info.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultConfigFile, type SweepFlags } from "./flags.ts";
import { readFleetFlags } from "./fleet-flags.ts";
import { withLoggedWarnings, type Io } from "./io.ts";
import { parseFlag } from "./parse-flag.ts";
import { createRunFleet } from "./run-fleet.ts";
import { createWebHandlers } from "../service/web/handlers.ts";
import { loadSettings } from "./settings.ts";
import { keepArchive } from "../fleet/sweep-archive.ts";
import { sweepAll } from "../fleet/sweep-all.ts";
import { ConfigError } from "../config/config-error.ts";

export interface RunFlags extends SweepFlags {
  /** Wins over `dry_run` of the file. */
  readonly dryRun?: boolean;
  readonly "web.listenAddress": string;
  readonly "web.enableLifecycle"?: boolean;
  readonly "web.config.file"?: string;
  readonly "web.externalUrl"?: string;
  readonly "schedule.jitter": string;
  readonly "config.pollInterval": string;
}

/** How long requests in flight have after the last sweep: with a sweep's own grace, under 5 s. */
const webGraceMs = 1000;

/** `run`: sweeps on schedule until it is told to stop. After the start nothing but a signal ends it. */
export async function run(flags: RunFlags, io: Io): Promise<number> {
  // From the first moment on: otherwise the signal would stop it.
  let wantsReload = false;
  let onHangup = (): void => void (wantsReload = true);
  const endHangups = io.onHangup(() => onHangup());
  const jitterSeconds = parseFlag("--schedule.jitter", flags["schedule.jitter"], parseTimer);
  const pollSeconds = parseFlag("--config.poll-interval", flags["config.pollInterval"], parseTimer);
  const { shard, concurrency } = readFleetFlags(flags, io.env);
  parseFlag("--web.listen-address", flags["web.listenAddress"], parseListenAddress);
  const log = createLogger(flags["log.level"] ?? "info", flags["log.format"], (line) =>
    io.stderr.write(line),
  );
  await loadWhatDeletes(log);
  const warningIo = withLoggedWarnings(io, log);
  const filesBefore = await sumFiles([
    flags["config.file"] ?? defaultConfigFile,
    ...(flags["web.config.file"] === undefined ? [] : [flags["web.config.file"]]),
  ]);
  const config = await loadSettings(flags, warningIo);
  log.setLevel(flags["log.level"] ?? config.logLevel);
  const webConfig = await loadWeb(flags["web.config.file"], warningIo);
  const build = readBuildInfo(io);
  const metrics = createMetrics(build);
  const isDryRun = (current: Config): boolean => flags.dryRun ?? current.dryRun;
  const archiveOf = keepArchive({ clock: io.clock, log });
  const guardReads = createReadGuard({ monotonic: () => io.clock.monotonic(), log });
  const service = new Service({
    config,
    isDryRun,
    load: () => reloadSettings(flags, warningIo),
    onApplied: ({ logLevel }) => log.setLevel(flags["log.level"] ?? logLevel),
    createFleet: createRunFleet({ shard, metrics, log, io }),
    sweep: (current, dryRun) =>
      sweepAll(current, dryRun, flags, io, { metrics, log, concurrency, archiveOf, guardReads }),
    jitterSeconds,
    metrics,
    log,
    now: () => io.clock.now(),
    wait: io.wait,
  });

  let web: WebServer | null = null;
  const reload = async (why: string): Promise<ReloadResult> => {
    const [own, ofWeb] = [await service.reload(why), await web?.reloadWebConfig()];
    if (ofWeb?.ok === false) metrics.configFailed();
    return ofWeb === undefined || !own.ok ? own : ofWeb.ok ? own : ofWeb;
  };
  try {
    web = await startWebServer({
      listenAddress: flags["web.listenAddress"],
      webConfig,
      enableLifecycle: flags["web.enableLifecycle"] ?? false,
      externalUrl: flags["web.externalUrl"],
      handlers: createWebHandlers({
        service,
        metrics,
        reload,
        build,
        now: () => io.clock.now(),
        stop: io.stop,
      }),
      log,
    });
  } catch (error) {
    io.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof TypeError ? exitCodes.usage : exitCodes.failed;
  }
  log.info("Listening", { address: web.address, version: build.version });
  await service.start();
  onHangup = () => void reload("SIGHUP");
  if (wantsReload) onHangup();
  await untilStopped({ service, web, reload, endHangups, filesBefore, pollSeconds, log, io });
  return exitCodes.done;
}

/**
 * Other commands load this when they need it. For a service that may be days later, when an upgrade has put other files in
 * place, which would then delete together with the rest of the old version.
 */
async function loadWhatDeletes(log: Logger): Promise<void> {
  log.load();
  await import("../archive/archive.ts");
  await import("../sweep/delete-expired.ts");
}

interface Running {
  readonly service: Service;
  readonly web: WebServer;
  readonly reload: (why: string) => Promise<ReloadResult>;
  readonly endHangups: () => void;
  readonly filesBefore: FileSums;
  readonly pollSeconds: number;
  readonly log: Logger;
  readonly io: Io;
}

async function untilStopped(running: Running): Promise<void> {
  const { service, web, reload, endHangups, filesBefore, pollSeconds, log, io } = running;
  const watching =
    pollSeconds === 0
      ? Promise.resolve()
      : watchFiles({
          paths: () => [...configFiles(service.state().config), ...web.configFiles()],
          everySeconds: pollSeconds,
          onChange: async () => void (await reload("a file has changed")),
          wait: io.wait,
          signal: io.stop,
          before: filesBefore,
        });
  await new Promise<void>((resolve) => {
    if (io.stop.aborted) resolve();
    else io.stop.addEventListener("abort", () => resolve(), { once: true });
  });
  log.info("Stopping: what is in flight is finished, nothing new begins");
  endHangups();
  await service.stop();
  await web.close(webGraceMs);
  await watching;
  log.info("Stopped");
}

async function loadWeb(path: string | undefined, { stderr }: Io): Promise<WebConfig | null> {
  if (path === undefined) return null;
  const result = await loadWebConfig(path);
  if (!result.ok) throw new ConfigError(result.problems.map(renderProblem).join("\n"));
  for (const warning of result.warnings) stderr.write(`${renderProblem(warning)}\n`);
  return result.config;
}

async function reloadSettings(flags: SweepFlags, io: Io): Promise<Loaded<Config>> {
  try {
    return { ok: true, value: await loadSettings(flags, io) };
  } catch (error) {
    if (error instanceof ConfigError) return { ok: false, message: error.message };
    throw error;
  }
}
