/**
 * MurmurHash3, x86, 32 bits: fast, well spread, and the same on every machine for ever. Nothing that an attacker could gain
 * from a collision depends on it.
 * @param seed 0 to 2^32-1; other seeds are other hash functions, and never give the same bytes the same hash
 * @returns 0 to 2^32-1
 */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocksEnd = bytes.length - (bytes.length % 4);
  let hash = seed | 0;
  for (let at = 0; at < blocksEnd; at += 4) {
    hash = rotateLeft(hash ^ scramble(view.getUint32(at, true)), 13);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= blocksEnd; at -= 1) tail = (tail << 8) | view.getUint8(at);
  // An empty tail scrambles to 0.
  hash ^= scramble(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
