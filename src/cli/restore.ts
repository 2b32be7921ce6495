import { createArchive } from "../archive/archive.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { readLatestGroups } from "../archive/latest-groups.ts";
import type { Config } from "../config/config.ts";
import type { Labels } from "../core/labels.ts";
import { parseSelection, type SelectionFlags } from "./archive-selection.ts";
import { discover } from "./discover.ts";
import { Failure } from "./failure.ts";
import { defaultConfigFile } from "./flags.ts";
import type { Io } from "./io.ts";
import { Restoration, type SettingsOf } from "./restoration.ts";
import { gatewayFromUrl, loadSettings } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

export interface RestoreFlags extends SelectionFlags {
  readonly "config.file"?: string;
  readonly gateway?: string;
  readonly dryRun?: boolean;
  readonly overwrite?: boolean;
}

/** `restore ARCHIVE`: pushes deleted groups back, each as it was last. */
export async function restore(path: string, flags: RestoreFlags, io: Io): Promise<number> {
  const accepts = parseSelection(flags);
  const { config, settingsOf } = await findTargets(flags, io);
  const { dryRun = false, overwrite = false } = flags;
  const restoration = new Restoration({ dryRun, overwrite }, settingsOf, io);
  try {
    const groups = readLatestGroups(
      path,
      { accepts, mergeGateways: flags.gateway !== undefined },
      (problem) => io.stderr.write(`${problem}\n`),
    );
    for await (const stored of groups) {
      if (io.stop.aborted) break;
      await restoration.restore(stored);
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    restoration.fail(error.message);
  } finally {
    await restoration.end();
  }
  await markRestored(config, restoration.restored, io);
  return restoration.exitCode();
}

/** Where groups go: to the gateway of their record, as the configuration knows it, or all to the one that is named. */
async function findTargets(
  flags: RestoreFlags,
  io: Io,
): Promise<{ config: Config | null; settingsOf: SettingsOf }> {
  if (flags.gateway !== undefined) {
    const config =
      flags["config.file"] === undefined ? null : await loadWithoutGateways(flags["config.file"], io);
    const named = gatewayFromUrl(flags.gateway);
    const settings = config?.pushgateways.find(({ url }) => url === named.url) ?? named;
    return { config, settingsOf: () => settings };
  }
  try {
    const settings = await loadSettings({ "config.file": flags["config.file"] ?? defaultConfigFile }, io);
    const { config } = await discover(settings, io);
    return { config, settingsOf: (name) => config.pushgateways.find((one) => one.name === name) ?? null };
  } catch (error) {
    if (!(error instanceof UsageError) || flags["config.file"] !== undefined) throw error;
    throw new UsageError(
      `${error.message}\nThe gateways' URLs come from --config.file=FILE; or name one to restore into: --gateway=http://localhost:9091`,
    );
  }
}

/** The gateway is named by a flag; the file may know its credentials, and if nobody finds it, it is no worse. */
async function loadWithoutGateways(file: string, io: Io): Promise<Config> {
  const settings = await loadSettings({ "config.file": file }, io);
  try {
    return (await discover(settings, io)).config;
  } catch (error) {
    if (error instanceof Failure) return settings;
    throw error;
  }
}

/** So that the next sweep does not take the groups for ones that came back by a push. */
async function markRestored(
  config: Config | null,
  restored: ReadonlyMap<string, readonly Labels[]>,
  io: Io,
): Promise<void> {
  if (config === null || config.archive === null || restored.size === 0) return;
  // Without a retention: restoring removes nothing.
  const archive = createArchive({
    dir: config.archive.dir,
    retentionSeconds: null,
    now: () => io.clock.now(),
  });
  try {
    await archive.open();
    for (const [gateway, groups] of restored) await archive.recordRestored(gateway, groups);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    io.stderr.write(
      `The archive does not know of the restored groups, so they may be counted as reappeared: ${error.message}\n`,
    );
  } finally {
    await archive.close();
  }
}
