// Writes a gateway's state file: FILE GROUPS SERIES EXPIRED. In a process of its own, because what 100,000 groups leave
// behind in a heap would be in the way of what is measured next.
import { writeFileSync } from "node:fs";

import { persistenceFile } from "../../support/state-file.ts";
import { describeGroups } from "../fixture.ts";

const [file = "", ...numbers] = process.argv.slice(2);
const [groups = 0, series = 0, expired = 0] = numbers.map(Number);
const now = Date.now() / 1000;
writeFileSync(file, persistenceFile(describeGroups({ groups, series, expired }, now)));
