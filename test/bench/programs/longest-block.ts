// Reads a served answer once, as a sweep does, and prints for how many milliseconds at most nothing else could happen
// meanwhile: URL.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";

import { collectFrom } from "../reader-under-test.ts";

const [url = ""] = process.argv.slice(2);
const resolutionMs = 1;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();
// Its own first tick is past, and so is the loading of the modules.
await wait(100);
delays.reset();
await collectFrom(url);
// A block at the very end shows at the next tick.
await wait(5 * resolutionMs);
delays.disable();
console.log(JSON.stringify(delays.max / 1e6 - resolutionMs));
