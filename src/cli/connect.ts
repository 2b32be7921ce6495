import type { PushgatewaySettings } from "../config/config.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import type { Io } from "./io.ts";
import { readServerOptions } from "./server-options.ts";

/**
 * Opens a client for a gateway, with what its files hold now: whatever has been rotated since the last time takes effect.
 * @throws {@link UsageError} if a file cannot be read, or holds something else
 */
export async function connect(
  settings: PushgatewaySettings,
  { clock, env }: Pick<Io, "clock" | "env">,
): Promise<Gateway> {
  return createGateway(settings.name, await readServerOptions(settings, env), clock);
}
