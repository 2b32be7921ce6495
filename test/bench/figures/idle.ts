import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";

import { getText, send } from "../../support/http.ts";
import { janitorFile } from "../../support/project-root.ts";
import type { Figure } from "../bench.ts";
import type { Fixture } from "../fixture.ts";
import { formatMegabytes } from "../format.ts";
import { configFlag } from "../janitor.ts";
import { residentMegabytes } from "../proc.ts";
import { atMost, measureRow } from "../row.ts";
import { median } from "../statistics.ts";

const services = 3;
const sweeps = 5;
const idleMs = 10_000;
const fixture: Fixture = { groups: 10, series: 5, expired: 0 };

/** What the service takes of the memory while it waits, which is what it does nearly always. */
export const idle: Figure = {
  name: "idle",
  method: `Resident memory of \`run\` ${idleMs / 1000} s after the last of ${sweeps} sweeps of ${fixture.groups} groups; ${services} services at once.`,
  async *measure({ folder, gateways }) {
    yield await measureRow(`idle RSS of run, Node ${process.version}`, atMost(65, "65 MB"), () =>
      gateways.use(fixture, async ({ url }) => {
        const config = configFlag(folder, url, "api");
        const all = await Promise.all(Array.from({ length: services }, () => idleMegabytes(config)));
        const value = median(all);
        return { value, text: formatMegabytes(value) };
      }),
    );
  },
};

async function idleMegabytes(config: string): Promise<number> {
  const flags = [config, "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle"];
  const child = spawn(process.execPath, [janitorFile, "run", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    const url = await listening(child.stderr);
    for (let sweep = 1; sweep <= sweeps; sweep += 1) {
      await send(url, { method: "POST", path: "/-/sweep" });
      await sweepsDone(url, sweep);
    }
    await wait(idleMs);
    return residentMegabytes(child.pid ?? 0);
  } finally {
    kill();
    process.off("exit", kill);
  }
}

/** The URL at which it says it listens. Its log is read to the end, or it would wait for that. */
function listening(log: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    createInterface(log)
      .on("line", (line) => {
        text += `${line}\n`;
        const address = /\baddress=([\d.]+:\d+)/.exec(line)?.[1];
        if (address !== undefined) resolve(`http://${address}`);
      })
      .once("close", () => reject(new Error(`run ended without listening:\n${text}`)));
  });
}

async function sweepsDone(url: string, count: number): Promise<void> {
  for (;;) {
    const metrics = await getText(url, "/metrics");
    const done = Number(/^pushgateway_janitor_sweeps_total\S* (\d+)/m.exec(metrics)?.[1]);
    if (done >= count) return;
    await wait(20);
  }
}
