import { expect, test } from "vitest";
import { suggest } from "../../src/config/file/did-you-mean.ts";

const keys = ["ttl", "matchers", "keep_latest", "max_deletes", "max_delete_ratio", "dry_run", "name"];

test.each([
  ["matcher", "matchers"],
  ["mathcers", "matchers"],
  ["Matchers", "matchers"],
  ["keepLatest", "keep_latest"],
  ["keep-latest", "keep_latest"],
  ["dryrun", "dry_run"],
  ["max_deleted", "max_deletes"],
  ["tll", "ttl"],
  ["nmae", "name"],
  ["tt", null],
  ["", null],
  ["x", null],
  ["retention", null],
  ["__proto__", null],
])("%j suggests %j", (text, expected) => {
  expect(suggest(text, keys)).toBe(expected);
});
