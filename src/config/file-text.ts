import { createReadStream } from "node:fs";

/** No configuration is longer; whatever is has been named by mistake. */
export const maxFileBytes = 1_048_576;

/** Reads the first bytes of a file, at least 1 MiB and one more if it has them. Rejects as Node's functions do. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

export const readStart: ReadFile = async (path) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of createReadStream(path, { end: maxFileBytes })) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
};

/** Decodes the bytes of a configuration file, or says why they are none. */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly problem: string } {
  if (bytes.length > maxFileBytes) return { problem: "longer than 1 MiB: this is not a configuration file" };
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { problem: "the file is UTF-16: save it as UTF-8" };
  }
  if (bytes.includes(0)) return { problem: "the file holds NUL bytes: this is not a text file" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { problem: `line ${firstBadLine(bytes)} is not UTF-8: save the file as UTF-8` };
  }
}

/** From 1. No byte of a longer UTF-8 sequence looks like a line feed, so lines can be decoded one by one. */
function firstBadLine(bytes: Uint8Array): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const next = bytes.indexOf(0x0a, start);
    const end = next === -1 ? bytes.length : next + 1;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
    if (Buffer.from(text, "utf8").compare(bytes.subarray(start, end)) !== 0) return line;
    start = end;
  }
  return line;
}
