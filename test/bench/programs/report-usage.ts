// Loaded into a program by --import: at its end it writes to file descriptor 3, as JSON, how much processor time it has taken and how
// much memory it has had at most. Nobody outside can tell that for sure: what a process leaves behind counts its parent's memory at
// the fork, too.
import { writeSync } from "node:fs";

import { peakMegabytes } from "../proc.ts";

process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeSync(3, JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakMegabytes: peakMegabytes("self") }));
});
