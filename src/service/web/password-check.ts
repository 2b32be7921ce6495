import { createHmac, randomBytes } from "node:crypto";

/** Whether a password belongs to a bcrypt hash. Takes tens of milliseconds of this thread, by design of bcrypt. */
export type Compare = (password: string, hash: string) => Promise<boolean>;

/** More at once are turned away: they wait for each other, and nobody waits that long. */
const maxWaiting = 16;
const maxRemembered = 100;

export interface PasswordCheck {
  /** null: too many others are being checked. */
  check(user: string, password: string, hash: string): Promise<boolean | null>;
}

/**
 * Compares passwords one at a time, and remembers what came of it, or every scrape would cost a comparison. What is
 * remembered is a keyed hash, not the password; a new hash in the file is a new question. Wrong passwords have a memory
 * of their own: however many are tried, they do not push out the right ones.
 */
export function createPasswordCheck(compare: Compare): PasswordCheck {
  const secret = randomBytes(32);
  const right = new Set<string>();
  const wrong = new Set<string>();
  const underWay = new Map<string, Promise<boolean>>();
  let last: Promise<unknown> = Promise.resolve();

  const ask = async (key: string, password: string, hash: string): Promise<boolean> => {
    const matches = await compare(password, hash);
    remember(matches ? right : wrong, key);
    return matches;
  };

  return {
    check(user, password, hash) {
      const key = createHmac("sha256", secret)
        .update(JSON.stringify([user, password, hash]))
        .digest("base64");
      if (right.has(key)) return Promise.resolve(true);
      if (wrong.has(key)) return Promise.resolve(false);
      const asked = underWay.get(key);
      if (asked !== undefined) return asked;
      if (underWay.size >= maxWaiting) return Promise.resolve(null);
      const answer = last.then(() => ask(key, password, hash)).finally(() => underWay.delete(key));
      underWay.set(key, answer);
      last = answer.catch(() => {});
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
