import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type * as bcryptjs from "bcryptjs";
import type { WebConfig } from "../../config/web/web-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { plain, type WebAnswer } from "./send-answer.ts";
import { clientOf } from "./connections.ts";
import { createThread } from "./thread.ts";

type Users = WebConfig["users"];

const unauthorized = plain(401, "401 unauthorized", {
  "WWW-Authenticate": 'Basic realm="pushgateway-janitor", charset="UTF-8"',
});

/**
 * Checks the login of each request: returns the refusal, or null.
 * @param users those in force now; without any, everybody may read
 */
export function createLoginCheck(users: () => Users, log: Logger) {
  const passwords = createPasswordCheck(compareInThread());

  return async ({ headers, socket }: IncomingMessage): Promise<WebAnswer | null> => {
    const current = users();
    const [anyHash] = current.values();
    if (anyHash === undefined) return null;
    const credentials = parseBasic(headers.authorization);
    if (credentials === null) return unauthorized;
    const { user, password } = credentials;
    const hash = current.get(user);
    // An unknown user costs as much time as a wrong password, so that the time does not reveal which users exist.
    const matches = await passwords.check(clientOf(socket), user, password, (hash ?? anyHash).reveal());
    if (matches === null) return plain(503, "503 busy: too many logins at once", { "Retry-After": "1" });
    if (matches && hash !== undefined) return null;
    log.info("Refused a login: no such user, or another password", { remote: socket.remoteAddress ?? null });
    return unauthorized;
  };
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
 * @param client comparisons of different clients take turns
 * @returns null: too many others are being checked
 */
type ComparePassword = (client: string, password: string, hash: string) => Promise<boolean | null>;

/** bcrypt takes its time by design: a second and more at a high cost. In a thread of its own it delays nothing else. */
function compareInThread(): ComparePassword {
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

/**
 * Compares passwords and remembers the results, or every scrape would cost a comparison. It remembers a keyed hash, not the
 * password; a new hash in the file is a new question. Wrong passwords have a memory of their own: trying many of them does not
 * push out the right ones.
 */
export function createPasswordCheck(compare: ComparePassword) {
  const secret = randomBytes(32);
  const right = new Set<string>();
  const wrong = new Set<string>();
  const pending = new Map<string, Promise<boolean | null>>();

  return {
    /** As {@link ComparePassword}. */
    check(client: string, user: string, password: string, hash: string): Promise<boolean | null> {
      const key = createHmac("sha256", secret)
        .update(JSON.stringify([user, password, hash]))
        .digest("base64");
      if (right.has(key)) return Promise.resolve(true);
      if (wrong.has(key)) return Promise.resolve(false);
      const earlier = pending.get(key);
      if (earlier !== undefined) return earlier;
      const result = compare(client, password, hash)
        .then((matches) => {
          if (matches !== null) remember(matches ? right : wrong, key);
          return matches;
        })
        .finally(() => pending.delete(key));
      pending.set(key, result);
      return result;
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
