/** Joins parts to blocks of about `length` UTF-16 units: one write for each part would take longer than the part. */
export function* joinToBlocks(parts: Iterable<string>, length: number): Generator<string> {
  let block = "";
  for (const part of parts) {
    block += part;
    if (block.length < length) continue;
    yield block;
    block = "";
  }
  if (block !== "") yield block;
}
