import type { IncomingMessage } from "node:http";

/**
 * Lets a request's body pass unread; false: it is longer than `maxBytes`, and the connection has to end. Rejects when the
 * client goes away.
 */
export function discardBody(request: IncomingMessage, maxBytes: number): Promise<boolean> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return;
      request.pause();
      resolve(false);
    });
    request.once("end", () => resolve(true));
    request.once("error", reject);
  });
}
