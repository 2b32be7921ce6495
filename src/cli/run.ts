import { ConfigError, defaultConfig, type Config } from "../config/config.ts";
import { messageOf, ParseError } from "../core/errors.ts";
import { allGateways } from "../core/shard.ts";
import { readGroup } from "../fleet/read-group.ts";
import { createReadGuard } from "../fleet/read-guard.ts";
import { createArchiveCache, sweepAll } from "../fleet/sweep-all.ts";
import { sumFiles, watchFiles, type FileSums } from "../service/file-watch.ts";
import type { ReloadResult } from "../service/reload.ts";
import { Service } from "../service/service.ts";
import { createWebHandlers } from "../service/web/handlers.ts";
import { readWebConfig } from "../service/web/reload-web-config.ts";
import { startWebServer, type WebServer } from "../service/web/web-server.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultConfigFile, type RunFlags } from "./flags.ts";
import { readBuildInfo, type Io } from "./io.ts";
import { createCommandLog } from "./progress.ts";
import { createCommandToPass, createCommandToRestore, loadSettings } from "./settings.ts";

/** Until there is a configuration, with `--config.wait`. */
const nothing: Config = { ...defaultConfig, pushgateways: [], rules: [] };

/** How long requests in flight have after the last sweep: with a sweep's own grace, under 5 s. */
const webGraceMs = 1000;

/**
 * `run`: sweeps on schedule until it is stopped. After the start nothing but a signal ends it.
 * @param onListening gets the address of the page
 */
export async function run(
  flags: RunFlags,
  io: Io,
  onListening: (address: string) => void = () => {},
): Promise<number> {
  // From the first moment on: otherwise the signal would stop it.
  let wantsReload = false;
  let onHangup = (): void => void (wantsReload = true);
  const endHangups = io.onHangup(() => onHangup());
  const { log, progress, clear } = createCommandLog(flags["log.level"] ?? "info", flags["log.format"], io);
  await loadWhatDeletes();
  const warn = (warning: string): void => log.warn("Configuration warning", { warning });
  const webConfigFile = flags["web.config.file"];
  const configFile = flags["config.file"] ?? defaultConfigFile;
  const filesBefore = await sumFiles([configFile, ...(webConfigFile === undefined ? [] : [webConfigFile])]);
  const load = async (): Promise<Config> => {
    const { config, warnings } = await loadSettings(flags);
    warnings.forEach(warn);
    return config;
  };
  let waitsBecause: string | null = null;
  const config = await load().catch((error: unknown): Config => {
    if (!(error instanceof ConfigError) || flags["config.wait"] !== true) throw error;
    waitsBecause = error.message;
    return { ...nothing, path: configFile, files: [configFile] };
  });
  log.setLevel(config.logLevel);
  const webConfig = webConfigFile === undefined ? null : await readWebConfig(webConfigFile, log);
  const build = readBuildInfo(io);
  const metrics = createMetrics(build);
  metrics.collectProcess();
  const { clock } = io;
  const openArchive = createArchiveCache({ clock, log });
  const guardReads = createReadGuard(clock, log);
  const concurrency = flags["gateways.concurrency"];
  const commandToPass = createCommandToPass(flags);
  const options = { world: io, log, progress, concurrency, commandToPass, metrics, openArchive, guardReads };
  const service = new Service({
    config,
    waitsBecause,
    load,
    onApplied: ({ logLevel }) => log.setLevel(logLevel),
    fleet: { world: io, shard: flags.shard ?? allGateways },
    sweep: (current) => sweepAll(current, options).finally(clear),
    readGroup: (settings, group) => readGroup(settings, group, io),
    jitterSeconds: flags["schedule.jitter"],
    metrics,
    log,
    now: () => clock.now(),
    wait: io.wait,
  });

  const enableLifecycle = flags["web.enableLifecycle"] ?? false;
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
      enableLifecycle,
      externalUrl: flags["web.externalUrl"],
      handlers: createWebHandlers({
        service,
        metrics,
        reload,
        build,
        commandToRestore: createCommandToRestore(flags),
        enableLifecycle,
        now: () => clock.now(),
        stop: io.stop,
      }),
      log,
    });
  } catch (error) {
    const message = messageOf(error);
    if (error instanceof ParseError) throw new ConfigError(`--web.listen-address: ${message}`);
    if (error instanceof TypeError) throw new ConfigError(`--web.external-url: ${message}`);
    io.stderr.write(`${message}\n`);
    return exitCodes.failed;
  }
  log.info("Listening", { address: web.address, version: build.version });
  await service.start();
  onListening(web.address);
  onHangup = () => void reload("SIGHUP");
  if (wantsReload) onHangup();
  const pollSeconds = flags["config.pollInterval"];
  await untilStopped({ service, web, reload, endHangups, filesBefore, pollSeconds, log, io });
  return exitCodes.done;
}

/**
 * Other commands load this code when they need it. For a service that may be days later, after an upgrade has replaced the
 * files: new code would then delete together with old code.
 */
async function loadWhatDeletes(): Promise<void> {
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
          paths: () => [...service.state().config.files, ...web.configFiles()],
          everySeconds: pollSeconds,
          onChange: async () =>
            void (await reload(service.waits ? "no valid file yet" : "a file has changed")),
          always: () => service.waits,
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
