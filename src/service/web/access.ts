import type { IncomingMessage } from "node:http";
import type { WebConfig } from "../../config/web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { plain, type WebAnswer } from "./answer.ts";
import { clientOf } from "./connections.ts";
import { createHmac, randomBytes } from "node:crypto";
import type * as bcryptjs from "bcryptjs";
import { createThread } from "./thread.ts";

/** Decides whether a request may be looked at. */
export interface Access {
  /** The refusal, or null. */
  refuse(request: IncomingMessage): Promise<WebAnswer | null>;
  /** Another configuration takes over. */
  use(config: WebConfig | null): void;
}

export function createAccess(first: WebConfig | null, log: Logger): Access {
  const passwords = createPasswordCheck(createBcrypt());
  let config = first;

  return {
    async refuse(request) {
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
      config = next;
    },
  };
}

const unauthorized = plain(401, "401 unauthorized", {
  "WWW-Authenticate": 'Basic realm="pushgateway-janitor", charset="UTF-8"',
});

export type Login = "accepted" | "missing" | "wrong" | "busy";

/**
 * Checks the `Authorization` header of a request. An unknown user costs as much time as a wrong password, so that nobody
 * learns who is known.
 * @param client who asks: the comparisons of clients take turns
 */
export async function checkLogin(
  header: string | undefined,
  users: WebConfig["users"],
  passwords: PasswordCheck,
  client: string,
): Promise<Login> {
  const [anyHash] = users.values();
  if (anyHash === undefined) return "accepted";
  const credentials = parseBasic(header);
  if (credentials === null) return "missing";
  const { user, password } = credentials;
  const hash = users.get(user);
  const matches = await passwords.check(client, user, password, (hash ?? anyHash).reveal());
  if (matches === null) return "busy";
  return matches && hash !== undefined ? "accepted" : "wrong";
}

function parseBasic(header: string | undefined): { user: string; password: string } | null {
  const encoded = /^basic +([A-Za-z0-9+/_=-]+) *$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Whether a password belongs to a bcrypt hash.
 * @returns null: too many others are being checked
 */
export type Compare = (client: string, password: string, hash: string) => Promise<boolean | null>;

/** bcrypt takes its time by design: a second and more at a high cost. In a thread of its own it costs nobody else's. */
export function createBcrypt(): Compare {
  const thread = createThread<typeof bcryptjs, readonly [password: string, hash: string], boolean>({
    library: "bcryptjs",
    limitMs: 60_000,
    work: ({ compareSync }, [password, hash]) => compareSync(password, hash),
  });
  return async (client, password, hash) => {
    const matches = await thread.run(client, () => [password, hash]);
    return typeof matches === "boolean" ? matches : null;
  };
}

const maxRemembered = 100;

export interface PasswordCheck {
  /** null: too many others are being checked. */
  check(client: string, user: string, password: string, hash: string): Promise<boolean | null>;
}

/**
 * Compares passwords, and remembers what came of it, or every scrape would cost a comparison. What is
 * remembered is a keyed hash, not the password; a new hash in the file is a new question. Wrong passwords have a memory
 * of their own: however many are tried, they do not push out the right ones.
 */
export function createPasswordCheck(compare: Compare): PasswordCheck {
  const secret = randomBytes(32);
  const right = new Set<string>();
  const wrong = new Set<string>();
  const underWay = new Map<string, Promise<boolean | null>>();

  const ask = async (
    client: string,
    key: string,
    password: string,
    hash: string,
  ): Promise<boolean | null> => {
    const matches = await compare(client, password, hash);
    if (matches !== null) remember(matches ? right : wrong, key);
    return matches;
  };

  return {
    check(client, user, password, hash) {
      const key = createHmac("sha256", secret)
        .update(JSON.stringify([user, password, hash]))
        .digest("base64");
      if (right.has(key)) return Promise.resolve(true);
      if (wrong.has(key)) return Promise.resolve(false);
      const asked = underWay.get(key);
      if (asked !== undefined) return asked;
      const answer = ask(client, key, password, hash).finally(() => underWay.delete(key));
      underWay.set(key, answer);
      return answer;
    },
  };
}

function remember(keys: Set<string>, key: string): void {
  keys.add(key);
  for (const oldest of keys) {
    if (keys.size <= maxRemembered) return;
    keys.delete(oldest);
  }
}
