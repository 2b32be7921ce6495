import { connect, type Socket } from "node:net";

import { onTestFinished } from "vitest";

import { onFreePort } from "./free-port.ts";
import { startProcess } from "./gateway-process.ts";

export interface LossyFront {
  readonly port: number;
  /** From now on everything arrives. A SYN that was lost is sent again one second after the first. */
  recover(): void;
}

const forwarder = `
const { connect, createServer } = require("node:net");
const [port, target, ...hosts] = process.argv.slice(1);
let listening = 0;
for (const host of hosts) {
  const server = createServer((socket) => {
    const inside = connect(Number(target), "127.0.0.1");
    socket.pipe(inside).pipe(socket);
    for (const side of [socket, inside]) side.on("error", () => side.destroy());
  });
  server.listen({ host, port: Number(port), backlog: 1 }, () => {
    if (++listening === hosts.length) console.error("Listening on all");
  });
}
`;

/**
 * Forwards connections at loopback addresses to a port of 127.0.0.1. At first every SYN is lost: the process is stopped, and the
 * queues of connections that it should accept are full.
 */
export async function startLossyFront(
  target: string | number,
  hosts: readonly string[],
): Promise<LossyFront> {
  const [port, front] = await onFreePort((port) =>
    startProcess(process.execPath, ["-e", forwarder, String(port), String(target), ...hosts]),
  );
  onTestFinished(() => front.end("SIGKILL"));
  front.pause();
  // Linux queues one more than the backlog.
  await Promise.all(hosts.flatMap((host) => [fill(host, port), fill(host, port)]));
  return { port, recover: () => front.resume() };
}

function fill(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.on("error", reject);
    onTestFinished(() => void socket.destroy());
  });
}
