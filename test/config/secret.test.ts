import { format, inspect } from "node:util";

import { expect, test } from "vitest";

import { Secret } from "../../src/config/secret.ts";

const secret = new Secret("hunter2");

test("a secret is what it was made of for whoever asks", () => {
  expect(secret.reveal()).toBe("hunter2");
});

test.each([
  ["String", String(secret)],
  ["a template", `it is ${secret as unknown as string}`],
  ["JSON", JSON.stringify({ password: secret })],
  ["JSON of its keys", JSON.stringify(Object.assign({}, secret))],
  ["inspect", inspect({ deep: [secret] }, { showHidden: true, depth: null })],
  ["inspect without custom inspectors", inspect(secret, { customInspect: false, showHidden: true })],
  ["format", format("%s %o %j", secret, secret, secret)],
  ["an error", String(new Error("login failed", { cause: secret }).cause)],
])("a secret does not show in %s", (_, text) => {
  expect(text).not.toContain("hunter2");
});

test("a secret prints as <secret>", () => {
  expect([String(secret), JSON.stringify(secret), inspect(secret)]).toStrictEqual([
    "<secret>",
    '"<secret>"',
    "<secret>",
  ]);
});
