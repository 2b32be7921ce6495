import { formatAddress, parseListenAddress } from "../service/web/listen-address.ts";
import { askHealth, type HealthAnswer } from "./ask-health.ts";
import { exitCodes } from "./exit-code.ts";
import { defaultListenAddress, readFirstProcess, type ServiceFlags } from "./first-process.ts";
import type { Io } from "./io.ts";
import { parseFlag } from "./parse-flag.ts";
import { UsageError } from "./usage-error.ts";

export interface HealthcheckFlags {
  readonly "web.listenAddress"?: string;
  readonly "web.config.file"?: string;
}

/** Shorter than the image's HEALTHCHECK allows, so that it can still say what is wrong. */
const timeoutMs = 4000;

/** `healthcheck`: is the service of this container well? For where there is neither shell nor curl to ask it. */
export async function healthcheck(flags: HealthcheckFlags, io: Io): Promise<number> {
  const service = await findService(flags);
  if (service === null) {
    io.stdout.write("process 1 is no service that could be asked\n");
    return exitCodes.done;
  }
  const { listenAddress, hasWebConfig } = service;
  const address = parseFlag("--web.listen-address", listenAddress, parseListenAddress);
  let answer: HealthAnswer = { healthy: false, message: "" };
  // A web configuration may turn on TLS; which it does is known only to the service that has read it.
  for (const scheme of hasWebConfig ? (["https", "http"] as const) : (["http"] as const)) {
    answer = await askHealth(address, scheme, timeoutMs / (hasWebConfig ? 2 : 1));
    if (answer.healthy) break;
  }
  const where = formatAddress({ address: address.host ?? "", port: address.port });
  const out = answer.healthy ? io.stdout : io.stderr;
  out.write(`${where} is ${answer.healthy ? "healthy" : "not healthy"}: ${answer.message}\n`);
  return answer.healthy ? exitCodes.done : exitCodes.failed;
}

/** null: process 1 is one of the janitor's commands that end by themselves. */
async function findService(flags: HealthcheckFlags): Promise<ServiceFlags | null> {
  if (Object.keys(flags).length > 0) {
    return {
      listenAddress: flags["web.listenAddress"] ?? defaultListenAddress,
      hasWebConfig: flags["web.config.file"] !== undefined,
    };
  }
  const first = await readFirstProcess();
  if (first === "stranger") {
    throw new UsageError(
      `Process 1 is not the janitor, so that its flags are not known: name them, as for run: ` +
        `healthcheck --web.listen-address=${defaultListenAddress}`,
    );
  }
  return first === "other-command" ? null : first;
}
