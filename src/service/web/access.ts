import type { IncomingMessage } from "node:http";

import type { WebConfig } from "../../config/web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { plain, type WebAnswer } from "./answer.ts";
import { checkLogin } from "./basic-auth.ts";
import { clientOf } from "./client.ts";
import { createBcrypt, createPasswordCheck } from "./password-check.ts";
import { createTokenBucket } from "./token-bucket.ts";

/** Decides whether a request may be looked at. */
export interface Access {
  /** The refusal, or null. */
  refuse(request: IncomingMessage): Promise<WebAnswer | null>;
  /** Another configuration takes over. */
  use(config: WebConfig | null): void;
}

/** @param now seconds of a clock that only goes forward */
export function createAccess(first: WebConfig | null, log: Logger, now: () => number): Access {
  const passwords = createPasswordCheck(createBcrypt());
  const bucketOf = ({ rateLimit }: WebConfig) =>
    rateLimit === null ? null : createTokenBucket(rateLimit, now);
  let config = first;
  let bucket = config === null ? null : bucketOf(config);

  return {
    async refuse(request) {
      if (bucket !== null && !bucket.take()) return plain(429, "429 too many requests");
      const login = await checkLogin(
        request.headers.authorization,
        config?.users ?? new Map(),
        passwords,
        clientOf(request.socket),
      );
      switch (login) {
        case "accepted":
          return null;
        case "busy":
          return plain(503, "503 busy: too many logins at once", { "Retry-After": "1" });
        case "wrong":
          log.info("Refused a login: no such user, or another password", {
            remote: request.socket.remoteAddress ?? null,
          });
          return unauthorized;
        case "missing":
          return unauthorized;
      }
    },
    use(next) {
      const sameLimit = JSON.stringify(next?.rateLimit) === JSON.stringify(config?.rateLimit);
      config = next;
      if (!sameLimit) bucket = config === null ? null : bucketOf(config);
    },
  };
}

const unauthorized = plain(401, "401 unauthorized", {
  "WWW-Authenticate": 'Basic realm="pushgateway-janitor", charset="UTF-8"',
});
