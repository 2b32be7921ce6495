// Loaded into a program by --import: at its end it writes to file descriptor 3 how much memory it has had at most, in MiB.
// Nobody outside can tell that for sure: what a process leaves behind counts its parent's memory at the fork, too.
import { writeSync } from "node:fs";

import { peakMegabytes } from "../proc.ts";

process.on("exit", () => writeSync(3, String(peakMegabytes("self"))));
