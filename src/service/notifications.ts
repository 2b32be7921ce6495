import { parseNamed, type Config, type NotificationSettings } from "../config/config.ts";
import { parseNotificationUrl } from "../config/url.ts";
import type { SweepReport } from "../core/report.ts";
import { deliver, type ReceiverAddress } from "../notify/deliver.ts";
import { Notifier, renderTestMessage, type Receiver } from "../notify/notifier.ts";
import { renderWithoutKept } from "../report/json-report.ts";
import { readSecret, readServerOptions } from "../fleet/connect.ts";
import type { Environment } from "../http/proxy.ts";
import type { World } from "../fleet/world.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { JanitorMetrics } from "../telemetry/metrics.ts";

/** Counts the messages, and logs those that could not be delivered. */
export function createNotifier(
  { wait }: Pick<World, "wait">,
  metrics: Pick<JanitorMetrics, "notificationSent">,
  log: Logger,
): Notifier {
  const onSent = (notification: string, failure: string | null): void => {
    metrics.notificationSent(notification, failure === null);
    if (failure !== null) log.error("Notification could not be delivered", { notification, err: failure });
  };
  return new Notifier({ wait, onSent, renderReport: renderWithoutKept });
}

/** How long messages may hold up the end of a single sweep, and of one that has been asked to end. */
const patienceSeconds = { usual: 30, stopping: 1 };

/** Sends the news of a single sweep; resolves when all messages are sent or given up. */
export async function notifyOnce(
  report: SweepReport,
  config: Config,
  world: Pick<World, "env" | "wait" | "stop">,
  metrics: Pick<JanitorMetrics, "notificationSent">,
  log: Logger,
): Promise<void> {
  const notifier = createNotifier(world, metrics, log);
  notifier.use(receiversOf(config, world.env));
  notifier.notify(report, { isArchived: config.archive !== null });
  const hurry = (): void => void notifier.close(patienceSeconds.stopping);
  world.stop.addEventListener("abort", hurry, { once: true });
  await notifier.close(world.stop.aborted ? patienceSeconds.stopping : patienceSeconds.usual);
  world.stop.removeEventListener("abort", hurry);
}

/** @returns why it was not delivered, for people, without secrets; null: it was */
export function sendTestMessage(
  receiver: Receiver,
  { wait, stop }: Pick<World, "wait" | "stop">,
): Promise<string | null> {
  const body = renderTestMessage(receiver.format, renderWithoutKept);
  return deliver(body, { connect: receiver.connect, wait, signal: stop });
}

export function receiversOf({ notifications }: Config, env: Environment): readonly Receiver[] {
  return notifications.map((settings) => ({
    name: settings.name,
    on: settings.on,
    format: settings.format,
    connect: () => readAddress(settings, env),
  }));
}

/** Reads the files again for each message, so that rotated secrets take effect. */
async function readAddress(
  { name, url: source, timeoutSeconds, http }: NotificationSettings,
  env: Environment,
): Promise<ReceiverAddress> {
  const [line = ""] = (await readSecret(source)).split("\n");
  const where = "file" in source ? source.file : name;
  const url = new URL(parseNamed(where, line.trim(), parseNotificationUrl));
  return { url, options: await readServerOptions({ url: url.origin, timeoutSeconds, http }, env) };
}
