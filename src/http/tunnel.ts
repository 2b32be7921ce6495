import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

import { withoutBrackets } from "../core/address.ts";
import { messageOf } from "../core/errors.ts";
import { openSocket } from "./open-socket.ts";
import { displayProxy, portOf, proxyAuthorization, type Proxy } from "./proxy.ts";
import { toConnectionOptions, type TlsOptions } from "./server-options.ts";

interface TunnelOptions {
  readonly proxy: Proxy;
  /** For a proxy that is itself reached by TLS. */
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
}

/**
 * Asks a proxy by CONNECT for a connection to `target`, `host:port`. Not undici's ProxyAgent (7.30): it tries for ever to reach
 * a proxy that closes the connection on CONNECT, and does not say what the proxy answered.
 * @throws {@link ProxyError}
 */
export async function openTunnel(target: string, { proxy, tls, timeoutMs }: TunnelOptions): Promise<Socket> {
  const url = new URL(proxy.url);
  const isTls = url.protocol === "https:";
  const host = withoutBrackets(url.hostname);
  const failed = (what: string, answer?: IncomingMessage, cause?: unknown): ProxyError =>
    new ProxyError({ proxy: displayProxy(proxy.url), target, what, answer }, cause);
  const timer = new AbortController();
  try {
    const toProxy = await openSocket({ host, port: portOf(url), timeoutMs });
    const connect = request({
      method: "CONNECT",
      path: target,
      headers: { host: target, ...toLists(proxy.connectHeaders), ...proxyAuthorization(proxy.url) },
      createConnection: () =>
        isTls ? connectTls({ ...toConnectionOptions(tls), host, socket: toProxy }) : toProxy,
    }).end();
    void setTimeout(timeoutMs, null, timer).then(
      () => connect.destroy(failed(`no answer to CONNECT within ${timeoutMs / 1000} s`)),
      () => {},
    );
    const [answer, socket, head] = (await once(connect, "connect")) as [IncomingMessage, Socket, Buffer];
    const isOpen = String(answer.statusCode).startsWith("2");
    if (isOpen && head.length === 0) return socket;
    socket.destroy();
    throw isOpen
      ? failed("it sends data before the tunnel is used")
      : failed(`it answers CONNECT with HTTP ${answer.statusCode}`, answer);
  } catch (error) {
    throw error instanceof ProxyError ? error : failed(messageOf(error), undefined, error);
  } finally {
    timer.abort();
  }
}

function toLists(headers: Proxy["connectHeaders"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
}

interface ProxyFailure {
  /** `http://host:port`, without credentials. */
  readonly proxy: string;
  /** `host:port` of the server behind it. */
  readonly target: string;
  /** The event, in the janitor's words. */
  readonly what: string;
  /** A refusal. The proxy's words beside the status may repeat secrets. */
  readonly answer: IncomingMessage | undefined;
}

/** A forward proxy could not be reached, or made no tunnel. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly failure: ProxyFailure;

  constructor(failure: ProxyFailure, cause?: unknown) {
    super(`the proxy ${failure.proxy}: ${failure.what}`, { cause });
    this.failure = failure;
  }
}
