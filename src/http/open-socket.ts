import { lookup, type LookupAddress } from "node:dns";
import { connect, isIPv6, type Socket } from "node:net";

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
 * again only after a second (seen on 20.20).
 * @throws the error of the only address; an `AggregateError` of several; codes as of `net.connect` and `dns.lookup`, or
 *   `EREFUSEDADDRESS`
 */
export function openSocket({ host, port, timeoutMs, refuses }: SocketTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const attempts = new Map<Socket, LookupAddress>();
    const errors: Error[] = [];
    let untried: LookupAddress[] = [];
    let isOver = false;
    let stagger: NodeJS.Timeout | undefined;
    const limit = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      for (const { address } of attempts.values()) {
        const name = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
        errors.push(failure("ETIMEDOUT", `no connection to ${name} could be made within ${seconds} s`));
      }
      if (errors.length === 0)
        errors.push(failure("EAI_AGAIN", `no address of ${host} was found within ${seconds} s`));
      fail(joined(errors));
    }, timeoutMs);

    /** Ends all attempts but one. */
    function settle(winner?: Socket): void {
      isOver = true;
      clearTimeout(limit);
      clearTimeout(stagger);
      for (const socket of attempts.keys()) if (socket !== winner) socket.destroy();
    }

    function fail(error: Error): void {
      settle();
      reject(error);
    }

    function tryNext(): void {
      clearTimeout(stagger);
      const next = isOver ? undefined : untried.shift();
      if (next === undefined) return;
      const socket = connect({ host: next.address, port, ...socketOptions });
      attempts.set(socket, next);
      const failed = (error: Error): void => {
        attempts.delete(socket);
        errors.push(error);
        if (untried.length > 0) tryNext();
        else if (attempts.size === 0) fail(joined(errors));
      };
      socket.once("error", failed).once("connect", () => {
        socket.off("error", failed);
        settle(socket);
        resolve(socket);
      });
      stagger = setTimeout(tryNext, attemptDelayMs);
    }

    lookup(host, { all: true }, (error, addresses) => {
      if (error !== null) return fail(error);
      untried = addresses.filter(({ address }) => refuses?.(address) !== true);
      if (untried.length === 0) {
        const names = addresses.map(({ address }) => address).join(", ");
        return fail(failure("EREFUSEDADDRESS", `${host} has the address ${names}`));
      }
      tryNext();
    });
  });
}

/** As in undici's connector. */
const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  highWaterMark: 64 * 1024,
};

function joined(errors: readonly Error[]): Error {
  const [error] = errors;
  return errors.length === 1 && error !== undefined ? error : new AggregateError(errors);
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
