import type { BigIntStats } from "node:fs";

/** Names one file, whatever its path: an inode's number alone is given to the next new file at once. */
export function fileIdentity({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${birthtimeNs}`;
}
