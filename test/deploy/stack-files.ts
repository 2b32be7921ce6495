import { readFileSync } from "node:fs";
import { join } from "node:path";

export const stackFolder = join(import.meta.dirname, "../../config/compose");

/**
 * A file of the stack with other addresses and intervals, and nothing else changed.
 * @param changes each must be there to be changed, or the test would run something else than it says
 */
export function readStackFile(name: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(stackFolder, name), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`config/compose/${name} no longer has ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
