import type { Figure } from "./bench.ts";
import { block } from "./figures/block.ts";
import { careless } from "./figures/careless.ts";
import { deletion } from "./figures/deletion.ts";
import { growth } from "./figures/growth.ts";
import { idle } from "./figures/idle.ts";
import { idleSweeps } from "./figures/idle-sweeps.ts";
import { memory } from "./figures/memory.ts";
import { pace } from "./figures/pace.ts";
import { pushing } from "./figures/pushes.ts";
import { reader } from "./figures/reader.ts";
import { report } from "./figures/report.ts";
import { shellLoop } from "./figures/shell-loop.ts";
import { startup } from "./figures/startup.ts";

/** In the order of the table. */
export const figures: readonly Figure[] = [
  reader,
  block,
  report,
  memory,
  idleSweeps,
  growth,
  deletion,
  startup,
  idle,
  pushing,
  careless,
  shellLoop,
  pace,
];
