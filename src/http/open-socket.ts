import { lookup, type LookupAddress } from "node:dns";
import { connect, isIPv6, type Socket } from "node:net";
import { promisify } from "node:util";

interface SocketTarget {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** For the lookup of the name and the connection together. */
  readonly timeoutMs: number;
  /** Addresses that are not connected to, whatever the name says. */
  readonly refuses?: ((address: string) => boolean) | undefined;
}

/** The next address of a name is tried this long after the one before it (RFC 8305). */
const attemptDelayMs = 250;

/**
 * Opens a TCP connection to the address of a name that answers first. An address that is slow is still waited for while others
 * are tried. Node's own `autoSelectFamily` gives up each address but the last after 250 ms, while a SYN that is lost is sent
 * again only after a second (seen on 20.20); with more time for each, one dead address delays all others.
 * @throws the error of the only address; an `AggregateError` of several; codes as of `net.connect` and `dns.lookup`, or
 *   `EREFUSEDADDRESS`
 */
export async function openSocket({ host, port, timeoutMs, refuses }: SocketTarget): Promise<Socket> {
  const sockets: Socket[] = [];
  const timers: NodeJS.Timeout[] = [];
  const pause = (ms: number): Promise<null> =>
    new Promise((resolve) => timers.push(setTimeout(resolve, ms, null)));
  const deadline = pause(timeoutMs);
  const seconds = timeoutMs / 1000;

  const attempt = ({ address }: LookupAddress): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, ...socketOptions });
      sockets.push(socket);
      socket.once("error", reject).once("connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
      const name = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
      const late = failure("ETIMEDOUT", `no connection to ${name} could be made within ${seconds} s`);
      void deadline.then(() => reject(late));
    });

  let winner: Socket | undefined;
  try {
    const addresses = await Promise.race([promisify(lookup)(host, { all: true }), deadline]);
    if (addresses === null) throw failure("EAI_AGAIN", `no address of ${host} was found within ${seconds} s`);
    const allowed = addresses.filter(({ address }) => refuses?.(address) !== true);
    if (allowed.length === 0) {
      const names = addresses.map(({ address }) => address).join(", ");
      throw failure("EREFUSEDADDRESS", `${host} has the address ${names}`);
    }
    const attempts: Promise<Socket>[] = [];
    for (const address of allowed) {
      const latest = attempt(address);
      attempts.push(latest);
      const first = Promise.any(attempts).catch(() => null);
      const isOpen = await Promise.race([first, latest.catch(() => null), pause(attemptDelayMs)]);
      if (isOpen !== null) break;
    }
    winner = await Promise.any(attempts);
    return winner;
  } catch (error) {
    throw error instanceof AggregateError && error.errors.length === 1 ? error.errors[0] : error;
  } finally {
    timers.forEach(clearTimeout);
    for (const socket of sockets) if (socket !== winner) socket.destroy();
  }
}

/** As in undici's connector. */
const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  highWaterMark: 64 * 1024,
};

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
