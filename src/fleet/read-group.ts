import { renderPush } from "../archive/render-push.ts";
import type { PushgatewaySettings } from "../config/config.ts";
import type { Labels } from "../core/labels.ts";
import { sortOutPushable } from "../core/pushable.ts";
import { parseRawGroup } from "../gateway/api/api-reader.ts";
import { connect } from "./connect.ts";
import type { World } from "./world.ts";

/**
 * Reads one group with all its metrics, in the text format. The API has no answer for one group: it costs the gateway a read of all.
 * @returns null: there is no such group, or it is too large to keep
 * @throws {@link ConfigError}, {@link RequestError}
 */
export async function readGroup(
  settings: PushgatewaySettings,
  { key, labels }: { readonly key: string; readonly labels: Labels },
  world: Pick<World, "clock" | "env" | "stop">,
): Promise<string | null> {
  const gateway = await connect(settings, world);
  try {
    const naming = await gateway.status(world.stop);
    const snapshot = await gateway.openSnapshot({ naming, gauges: new Set(), signal: world.stop });
    let found: Buffer | null = null as Buffer | null;
    await snapshot.read((read) => {
      if (read.group.key === key) found = read.raw();
    });
    if (found === null) return null;
    const { families, losses } = sortOutPushable(parseRawGroup(found), { labels, utf8Names: true });
    const text = renderPush(families) + losses.map((loss) => `# ${loss}\n`).join("");
    return text === "" ? "# nothing but its push times\n" : text;
  } finally {
    await gateway.close();
  }
}
