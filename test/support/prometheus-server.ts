import { spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

import { freePort } from "./free-port.ts";
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
}

/** Starts Prometheus with this prometheus.yml; its data is beside that. Stopped with the test. */
export async function startPrometheus(configFile: string): Promise<PrometheusServer> {
  if (prometheus === null) {
    throw new Error(
      "no prometheus: .ci/setup fetches it; or put it on the PATH, or set PROMETHEUS=/path/to/it",
    );
  }
  const url = await onFreePort(prometheus, configFile);
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
  };
}

interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Sample;
  readonly values?: readonly Sample[];
}

/** Between finding a free port and listening on it another test may take it. */
async function onFreePort(program: string, configFile: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const address = `127.0.0.1:${await freePort()}`;
    try {
      await launch(program, [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${join(dirname(configFile), "data")}`,
        `--web.listen-address=${address}`,
        "--log.level=info",
      ]);
      return `http://${address}`;
    } catch (error) {
      if (attempt === 5 || !String(error).includes("address already in use")) throw error;
    }
  }
}

/** Resolves when it says that it serves; rejects with its log when it ends instead. */
async function launch(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await closed;
  });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("Server is ready to receive web requests")) resolve();
    });
    void closed.then(() => reject(new Error(`${program} ${args.join(" ")} ended:\n${log}`)));
  });
}

function findPrometheus(): string | null {
  for (const candidate of placesOf({ variable: "PROMETHEUS", folder: "prometheus", program: "prometheus" })) {
    if (spawnSync(candidate, ["--version"], { timeout: 10_000 }).status === 0) return candidate;
  }
  return null;
}
