import type { BigIntStats } from "node:fs";

/** By what is told whether a file is the one it was, and as long. */
export interface FileState {
  /** Of one file, whatever its path: an inode's number alone is given to the next new file at once. */
  readonly identity: string;
  readonly size: number;
}

export function fileState({ dev, ino, birthtimeNs, size }: BigIntStats): FileState {
  return { identity: `${dev} ${ino} ${birthtimeNs}`, size: Number(size) };
}
