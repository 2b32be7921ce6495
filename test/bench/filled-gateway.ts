import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";

import { startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { runCommand } from "./command.ts";
import type { Fixture } from "./fixture.ts";
import { programFile } from "./program.ts";

/** Real gateways with groups of the ages that a fixture says. */
export class FilledGateways {
  readonly #folder: string;
  #started = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts one for the time of `work`. */
  async use<T>(fixture: Fixture, work: (gateway: Pushgateway) => Promise<T>): Promise<T> {
    // A gateway writes over its file, and the next one is to start from the same.
    const stateFile = join(this.#folder, `state-${(this.#started += 1)}`);
    copyFileSync(await this.#write(fixture), stateFile);
    const gateway = await startPushgateway({ stateFile });
    try {
      return await work(gateway);
    } finally {
      // Whatever it would still write to its file is of no use.
      await gateway.kill();
      await gateway.stop();
      rmSync(stateFile);
    }
  }

  /** The fixture's state file, written once a run. */
  async #write({ groups, series, expired }: Fixture): Promise<string> {
    const file = join(this.#folder, `${groups}-${series}-${expired}`);
    if (existsSync(file)) return file;
    const numbers = [groups, series, expired].map(String);
    await runCommand(process.execPath, [programFile("write-state"), file, ...numbers]);
    return file;
  }
}
