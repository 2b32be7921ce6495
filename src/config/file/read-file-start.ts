import { createReadStream } from "node:fs";

/** No configuration is longer; a longer file has been named by mistake. */
export const maxFileBytes = 1_048_576;

/** Reads the first bytes of a file, at least 1 MiB and one more if it has them. Rejects as Node's functions do. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

export const readFileStart: ReadFile = async (path) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of createReadStream(path, { end: maxFileBytes })) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
};
