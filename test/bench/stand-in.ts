import { spawn } from "node:child_process";
import { once } from "node:events";

import { programFile } from "./program.ts";

export interface StandIn extends AsyncDisposable {
  readonly url: string;
}

/** Longer than a JavaScript string can be. */
const longBytes = 2 ** 30;
export const longTitle = "1 GiB stream of 1,000 groups";

/** Starts a server that answers as a gateway with this recorded answer would, but at once. */
export function serveFile(file: string): Promise<StandIn> {
  return startStandIn(`--file=${file}`);
}

/** Starts a server that answers with 1 GiB, which it makes up as it goes. */
export function serveLong(): Promise<StandIn> {
  return startStandIn(`--bytes=${longBytes}`);
}

async function startStandIn(flag: string): Promise<StandIn> {
  const child = spawn(process.execPath, [programFile("stand-in"), flag], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "exit");
  const [line] = (await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error("the stand-in for a gateway ended"))),
  ])) as [Buffer];
  return {
    url: line.toString().trim(),
    async [Symbol.asyncDispose]() {
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}
