interface BodyStart {
  readonly bytes: Buffer;
  /** Whether that is all of it. */
  readonly isComplete: boolean;
}

/**
 * Reads the first bytes of a body.
 * @param rest `drop`: also reads the rest, so that its connection can be used again; `leave`: an endless body does no harm
 */
export async function readStart(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  rest: "drop" | "leave",
): Promise<BodyStart> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (size < maxBytes) chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes && rest === "leave") break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isComplete: size <= maxBytes };
}
