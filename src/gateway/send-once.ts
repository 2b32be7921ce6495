import type { Dispatcher } from "undici";

import { errors } from "../http/undici.ts";

/** The request's turn came too late: nothing of it was written. */
export class NotSent extends Error {
  override readonly name = "NotSent";
}

/** Request options that {@link sendOnce} reads. */
export interface SendOnceOptions {
  /** Asked when a connection is ready, right before the first byte is written. false: the request fails with {@link NotSent}. */
  readonly maySend: () => boolean;
}

/**
 * The same dispatcher for requests that must not be repeated. When a connection is lost, undici (7.30, `onHttpSocketClose` in
 * client-h1.js) fails the oldest request on it and writes all others again on the next connection, although the server may have
 * carried them out. Here they fail, too, as requests whose answer was lost.
 */
export function sendOnce(dispatcher: Dispatcher): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const { maySend } = options as Dispatcher.DispatchOptions & SendOnceOptions;
    return dispatch(options, guard(handler, maySend));
  });
}

function guard(handler: Dispatcher.DispatchHandler, maySend: () => boolean): Dispatcher.DispatchHandler {
  let isSent = false;
  return {
    onRequestStart(...args) {
      // An error thrown here fails the request and leaves the connection as it is.
      if (isSent) throw new errors.SocketError("other side closed");
      if (!maySend()) throw new NotSent("the request was not sent");
      isSent = true;
      handler.onRequestStart?.(...args);
    },
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  };
}
