import { createServer, type RequestListener } from "node:http";

import { listen } from "./listen.ts";

/** A chat that receives notifications. */
export interface Chat {
  readonly url: URL;
  /** The bodies of the messages that arrived. */
  readonly messages: readonly string[];
  /** The paths that were asked for. */
  readonly paths: readonly string[];
}

/**
 * A chat that answers as it is told, one answer for each request; the last one for all that follow.
 * @param path of its URL, with the secret in it
 */
export async function startChat(path: string, ...answers: readonly RequestListener[]): Promise<Chat> {
  const messages: string[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(paths.length, answers.length - 1)]!;
    paths.push(request.url ?? "");
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      messages.push(body);
      answer(request, response);
    });
  });
  return { url: new URL(`${await listen(server)}${path}`), messages, paths };
}
