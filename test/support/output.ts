import type { Output } from "../../src/cli/io.ts";

/** An output that is read at once; as on a terminal, if it has a width. */
export function readOutput(read: (text: string) => void, columns: number | null = null): Output {
  return { write: read, drained: () => Promise.resolve(), ended: false, isTTY: columns !== null, columns };
}
