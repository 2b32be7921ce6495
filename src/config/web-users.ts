import type { Cursor } from "./cursor.ts";
import { Secret } from "./secret.ts";
import type { Draft } from "./shape.ts";
import type { WebConfig } from "./web-config.ts";
import type { WebConfigInput } from "./web-schema.ts";

/** bcrypt in JavaScript takes a third of a second at this cost, and twice as long with each more. */
const slowCost = 12;

/** A wrong password takes as long as the hash of its user. */
const unequalCosts = "users with different bcrypt costs can be told apart: use one cost for all";

export function decodeUsers(
  draft: Draft<WebConfigInput>["basic_auth_users"],
  at: Cursor,
): WebConfig["users"] {
  const users = new Map<string, Secret>();
  const costs = new Set<number>();
  for (const [name, hash] of Object.entries(draft ?? {})) {
    if (name.includes(":")) at.to(name).errorAtKey("a user name cannot hold a colon");
    // zod does not look below `__proto__`.
    if (typeof hash !== "string") continue;
    costs.add(checkHash(hash, at.to(name)));
    users.set(name, new Secret(hash));
  }
  if (costs.size > 1) at.warn(unequalCosts);
  return users;
}

/** @returns the cost. Messages never repeat what stands there: it may be the password itself. */
function checkHash(hash: string, at: Cursor): number {
  const cost = Number(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1]);
  if (!(cost >= 4 && cost <= 31)) {
    at.error(`this is not a bcrypt hash: make one with htpasswd -nBC 10 ""`);
  } else if (cost > slowCost) {
    at.warn(`a cost of ${cost} makes logins slow: 10 is what others use`);
  }
  return cost;
}
