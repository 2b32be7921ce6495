import { createArchive } from "../archive/archive.ts";
import { ArchiveError } from "../archive/file-access.ts";
import { readLatestGroups } from "../archive/history.ts";
import type { GroupRecord } from "../archive/records.ts";
import type { Config } from "../config/config.ts";
import { quote, type Labels } from "../core/labels.ts";
import { isSelective, parseSelection, type SelectionFlags } from "./archive-selection.ts";
import { discover } from "../fleet/discover.ts";
import { Failure } from "./failure.ts";
import { defaultConfigFile } from "./flags.ts";
import type { Io } from "./io.ts";
import { Restoration, type TargetOf } from "./restoration.ts";
import { gatewayFromUrl, loadSettings } from "./settings.ts";
import { ConfigError } from "../config/config-error.ts";

export interface RestoreFlags extends SelectionFlags {
  readonly "config.file"?: string;
  readonly gateway?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly overwrite?: boolean;
}

/** `restore ARCHIVE`: pushes deleted groups back, each as it was last. */
export async function restore(path: string, flags: RestoreFlags, io: Io): Promise<number> {
  const { all = false, dryRun = false, overwrite = false } = flags;
  const accepts = parseSelection(flags);
  if (all === isSelective(flags)) throw new ConfigError(all ? allAndFilter : neitherAllNorFilter);
  const { config, targetOf } = await findTargets(flags, io);
  const restoration = new Restoration({ dryRun, overwrite }, targetOf, io);
  try {
    const selection = { accepts, mergeGateways: flags.gateway !== undefined };
    const groups = readLatestGroups(path, selection, (problem) => restoration.tell(problem));
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

const neitherAllNorFilter =
  "restore needs to know which groups to put back: select them with --match, --from, --since or --until, " +
  "or take all that the archive holds with --all (`archive list` shows them)";
const allAndFilter = "--all and --match, --from, --since or --until exclude each other";

/** Where groups go: to the gateway of their record, as the configuration knows it, or all to the one that is named. */
async function findTargets(
  flags: RestoreFlags,
  io: Io,
): Promise<{ config: Config | null; targetOf: TargetOf }> {
  if (flags.gateway !== undefined) {
    const config =
      flags["config.file"] === undefined ? null : await loadWithoutGateways(flags["config.file"], io);
    const named = gatewayFromUrl(flags.gateway);
    const settings = config?.pushgateways.find(({ url }) => url === named.url) ?? named;
    return { config, targetOf: () => settings };
  }
  try {
    const settings = await loadSettings({ "config.file": flags["config.file"] ?? defaultConfigFile }, io);
    const { config } = await discover(settings, io);
    return { config, targetOf: createTargetOf(config, io) };
  } catch (error) {
    if (!(error instanceof ConfigError) || flags["config.file"] !== undefined) throw error;
    throw new ConfigError(
      `${error.message}\nThe gateways' URLs come from --config.file=FILE; or name one to restore into: --gateway=http://localhost:9091`,
    );
  }
}

/** The gateway that has the name now, unless it is another one than the group was deleted from. */
function createTargetOf({ pushgateways }: Config, io: Io): TargetOf {
  const noted = new Set<string>();
  return ({ gateway: name, url }: GroupRecord) => {
    const gateway = pushgateways.find((one) => one.name === name);
    if (gateway === undefined)
      return `the configuration has no gateway ${quote(name)}; --gateway=URL restores into another one`;
    if (url !== null && url !== gateway.url) {
      return (
        `it was deleted from ${url}, and the gateway ${quote(name)} is ${gateway.url} now; ` +
        `--from=${name} --gateway=${gateway.url} restores it there`
      );
    }
    if (url === null && !noted.has(name)) {
      noted.add(name);
      io.stderr.write(
        `Version 0.1.0 archived no URLs: groups of the gateway ${quote(name)} that it deleted go to ${gateway.url}\n`,
      );
    }
    return gateway;
  };
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
