import { createHmac, randomBytes } from "node:crypto";

import type * as bcryptjs from "bcryptjs";

import { createThread } from "./thread.ts";

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
