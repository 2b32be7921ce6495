import type { WebConfig } from "../../config/web-config.ts";
import type { PasswordCheck } from "./password-check.ts";

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
