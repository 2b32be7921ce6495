import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

import { onFreePort } from "./free-port.ts";
import { startProcess, type GatewayProcess } from "./gateway-process.ts";
import { getJson } from "./http.ts";
import { placesOf } from "./program-places.ts";

/** The real Prometheus: what `.ci/setup` unpacked, what PROMETHEUS names, what the PATH holds. */
const prometheus: string | null = findPrometheus();

/** Whether tests that need it may be left out: on a machine without it, but not in CI. */
export const mayLackPrometheus = prometheus === null && !process.env["CI"];

export interface Series<Value> {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: Value;
}

/** Unix seconds, and the number as Prometheus writes it. */
export type Sample = readonly [time: number, value: string];

export interface PrometheusServer {
  readonly url: string;
  /** The series of an expression as of now. */
  query(expression: string): Promise<readonly Series<Sample>[]>;
  /** All samples of an expression with a range: `up[5m]`. */
  samples(expression: string): Promise<readonly Series<readonly Sample[]>[]>;
  /** SIGSTOP: it takes connections and never answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
  /** Starts it again at the same address with this prometheus.yml, without all that it knew. */
  restartEmpty(configFile: string): Promise<void>;
}

/**
 * Starts Prometheus with this prometheus.yml; its data is beside that, in `data`. Stopped with the test, or with the file's tests.
 * @param routePrefix as `/prometheus`
 */
export async function startPrometheus(
  configFile: string,
  atEnd: (stop: () => Promise<void>) => void = onTestFinished,
  routePrefix = "",
): Promise<PrometheusServer> {
  if (prometheus === null) {
    throw new Error(
      "no prometheus: .ci/setup fetches it; or put it on the PATH, or set PROMETHEUS=/path/to/it",
    );
  }
  const data = join(dirname(configFile), "data");
  const launch = (port: number, file = configFile): Promise<GatewayProcess> =>
    startProcess(
      prometheus,
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=info",
        ...(routePrefix === "" ? [] : [`--web.route-prefix=${routePrefix}`]),
      ],
      { ready: "Server is ready to receive web requests" },
    );
  const started = await onFreePort((port) => launch(port));
  const [port] = started;
  let running = started[1];
  const stop = (): Promise<void> => running.end("SIGTERM");
  atEnd(stop);
  const url = `http://127.0.0.1:${port}${routePrefix}`;
  const ask = async (expression: string) => {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    return (await getJson<{ data: { result: readonly Answer[] } }>(url, path)).data.result;
  };
  return {
    url,
    query: async (expression) =>
      (await ask(expression)).map(({ metric, value }) => ({ metric, value: value! })),
    samples: async (expression) =>
      (await ask(expression)).map(({ metric, values }) => ({ metric, value: values! })),
    pause: () => running.pause(),
    resume: () => running.resume(),
    stop,
    async restartEmpty(file) {
      await stop();
      rmSync(data, { recursive: true });
      running = await launch(port, file);
    },
  };
}

interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Sample;
  readonly values?: readonly Sample[];
}

function findPrometheus(): string | null {
  for (const candidate of placesOf({ variable: "PROMETHEUS", folder: "prometheus", program: "prometheus" })) {
    if (spawnSync(candidate, ["--version"], { timeout: 10_000 }).status === 0) return candidate;
  }
  return null;
}
