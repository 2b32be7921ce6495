import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { labelsKey } from "../../src/core/labels.ts";
import type { Group } from "../../src/core/group.ts";
import { collectSnapshot } from "../../src/gateway/snapshot.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";
import { push } from "../support/push.ts";
import { gatewayAt } from "../support/sweep-context.ts";

const hostileValue = fc.oneof(
  fc.constantFrom(
    "..",
    ".",
    "",
    "/",
    "//",
    "../..",
    "%2e%2e",
    "%2F",
    "a/b",
    "@base64",
    "job@base64",
    "=",
    "\\",
    "\n",
    "\u0000",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("/", ".", "%", "2", "e", "a", "@") as fc.Arbitrary<string>,
    maxLength: 12,
  }),
);
const legacyName = fc.oneof(
  fc.constantFrom("constructor", "_x", "U__x", "instance", "metrics", "job_"),
  fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,8}$/),
);
const utf8Name = fc.oneof(
  legacyName,
  // The gateway itself cannot read the escape of what lies beyond U+FFFFF.
  fc
    .string({ unit: "binary", minLength: 1, maxLength: 8 })
    .filter((name) => !/[\u{100000}-\u{10FFFF}]/u.test(name)),
);

/** Several groups of one job name or a hostile one, with and without further labels. */
function groupsWith(name: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>[]> {
  const labels = fc
    .tuple(
      fc.oneof(
        fc.constant("a"),
        hostileValue.filter((value) => value !== ""),
      ),
      fc.dictionary(name, hostileValue, { maxKeys: 3 }),
    )
    .map(([job, rest]) => Object.assign(rest, { job }));
  return fc.uniqueArray(labels, {
    minLength: 2,
    maxLength: 6,
    selector: (one) => pairsOf(Object.entries(one)),
  });
}

const targets = [
  ...installedGateways.map((gateway) => ({ name: gateway.name, gateway, utf8Names: false })),
  ...installedGateways
    .filter(({ version }) => !version.startsWith("1.5"))
    .map((gateway) => ({ name: `${gateway.name} with UTF-8 names`, gateway, utf8Names: true })),
];

describe.each(targets)("on a Pushgateway $name", ({ gateway: installed, utf8Names }) => {
  it("a group with hostile labels is listed as it was pushed, and its deletion deletes nothing else", async () => {
    const flags = ["--push.disable-consistency-check", ...(utf8Names ? ["--push.enable-utf8-names"] : [])];
    const gateway = await startPushgateway({ gateway: installed, flags });
    onTestFinished(() => gateway.stop());
    const client = gatewayAt(gateway.url);
    onTestFinished(() => client.close());
    const naming = { utf8Names: (await client.status()).utf8Names };
    expect(naming.utf8Names).toBe(utf8Names);

    const list = async (): Promise<Map<string, Group>> => {
      const open = await client.openSnapshot({ naming, gauges: new Set() });
      const { groups } = await collectSnapshot(open, () => 0);
      return new Map(groups.map((group) => [group.key, group]));
    };
    const wait = async (size: number): Promise<Map<string, Group>> => {
      let listed = await list();
      await expect.poll(async () => (listed = await list()).size).toBe(size);
      return listed;
    };

    await fc.assert(
      fc.asyncProperty(groupsWith(utf8Names ? utf8Name : legacyName), async (wanted) => {
        for (const labels of wanted)
          expect((await push(gateway.url, escapeNames(labels, utf8Names), "m 1\n")).status).toBe(202);
        const before = await wait(wanted.length);
        expect(new Set([...before.values()].map(({ labels }) => pairsOf(labels)))).toEqual(
          new Set(wanted.map((labels) => pairsOf(Object.entries(labels)))),
        );
        const left = new Map(before);
        for (const group of before.values()) {
          expect(group).toMatchObject({ obstacle: null, key: labelsKey(group.labels) });
          await client.deleteGroup(group, naming);
          left.delete(group.key);
          expect([...(await wait(left.size)).keys()].toSorted()).toEqual([...left.keys()].toSorted());
        }
      }),
      // What a failing run leaves behind would confuse the shrinking.
      { numRuns: 40, endOnFailure: true },
    );
  }, 60_000);
});

function pairsOf(labels: Iterable<readonly [string, string]>): string {
  return JSON.stringify([...labels].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Written apart from the janitor's own escaping, by Prometheus' description of it. */
function escapeNames(labels: Record<string, string>, utf8Names: boolean): Record<string, string> {
  if (!utf8Names) return labels;
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [escapeName(name), value]));
}

function escapeName(name: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9_]*$/.test(name) && !name.startsWith("U__")) return name;
  const escape = (character: string): string => `_${character.codePointAt(0)!.toString(16)}_`;
  return `U__${name.replaceAll("_", "__").replaceAll(/[^a-zA-TV-Z0-9_]/gu, escape)}`;
}
