import { open } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { platform } from "node:os";
import { join } from "node:path";
import { once } from "node:events";

/** Who holds a lock, as it says itself; every field null if it does not say. */
export interface LockHolder {
  readonly pid: number | null;
  readonly host: string | null;
  /** RFC 3339. */
  readonly since: string | null;
  /** False while it is still waiting for the lock itself. */
  readonly holds: boolean;
}

/** A socket in a folder that answers who listens, for as long as its process lives. */
export interface LockSocket {
  close(): Promise<void>;
}

/** The kernel's limit for the path of a socket is 107 bytes on Linux, 103 elsewhere. */
const maxPathBytes = 103;
const answerTimeoutMs = 1000;

/**
 * Listens on a new socket. The process may end while it does.
 * @throws as `net.Server.listen`
 */
export async function listenIn(dir: string, name: string, describe: () => LockHolder): Promise<LockSocket> {
  const route = await routeTo(dir, name);
  const server: Server = createServer((connection) => {
    // Who asks and goes away is no concern of ours; nor shall one that never hangs up keep the socket from closing.
    connection.on("error", () => {}).end(JSON.stringify(describe()), () => connection.destroy());
  });
  server.unref();
  try {
    // Another user's janitor must be able to ask; the folder's own mode says who may enter it.
    server.listen({ path: route.path, readableAll: true, writableAll: true });
    await once(server, "listening");
  } catch (error) {
    await route.close();
    throw error;
  }
  return {
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await route.close();
    },
  };
}

/**
 * Asks who listens on a socket.
 * @returns `dead` if the process that once did has ended, `gone` if there is no such socket
 */
export async function askHolder(dir: string, name: string): Promise<LockHolder | "dead" | "gone"> {
  const route = await routeTo(dir, name);
  const connection = connect(route.path);
  const timer = setTimeout(() => connection.destroy(), answerTimeoutMs);
  let text = "";
  try {
    for await (const chunk of connection.setEncoding("utf8")) text += String(chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED") return "dead";
    if (code === "ENOENT") return "gone";
    // Everything else comes from someone who lives: stopped, overloaded, of another user.
  } finally {
    clearTimeout(timer);
    connection.destroy();
    await route.close();
  }
  return decodeHolder(text);
}

function decodeHolder(text: string): LockHolder {
  try {
    const { pid, host, since, holds } = JSON.parse(text) as Partial<Record<string, unknown>>;
    return {
      pid: typeof pid === "number" ? pid : null,
      host: typeof host === "string" ? host : null,
      since: typeof since === "string" ? since : null,
      holds: holds !== false,
    };
  } catch {
    return { pid: null, host: null, since: null, holds: true };
  }
}

/** A path to the socket that is short enough for the kernel; on Linux an open folder has one. */
async function routeTo(dir: string, name: string): Promise<{ path: string; close(): Promise<void> }> {
  const path = join(dir, name);
  if (Buffer.byteLength(path) <= maxPathBytes || platform() !== "linux")
    return { path, close: async () => {} };
  const folder = await open(dir, "r");
  return { path: `/proc/self/fd/${folder.fd}/${name}`, close: () => folder.close() };
}
