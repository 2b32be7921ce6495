import { describe, expect, it } from "vitest";
import {
  afterAnswer,
  afterPause,
  afterRead,
  afterSilence,
  findPostponement,
  noReads,
  type ReadMemory,
} from "../../src/fleet/read-guard.ts";

/**
 * What happens to a gateway, minute by minute: `|` a sweep begins, a digit is the start of the process that answers, `?` none answers,
 * `a` and `e` a read of the API or the exposition, `A` and `E` one that breaks off.
 */
function live(story: string): ReadMemory {
  let memory = noReads;
  for (const event of story) {
    if (event === "|") memory = afterPause(memory);
    else if (event === "?") memory = afterSilence(memory);
    else if (/\d/.test(event)) memory = afterAnswer(memory, Number(event), 0);
    else memory = afterRead(memory, /a/i.test(event) ? "api" : "exposition", event === event.toLowerCase());
  }
  return memory;
}

const minutes = (story: string, source: "api" | "exposition"): number =>
  (findPostponement(live(story), source, 0)?.seconds ?? 0) / 60;

describe("reads of the API", () => {
  it.each([
    ["that succeed are never postponed", "|1a1|1a1|1a1", 0],
    ["that fail without a restart are not, as when a group breaks the API", "|1A|1A|1A|1A", 0],
    ["are not after one restart", "|1A|2", 0],
    ["are after two that broke off and ended with another process", "|1A|2A|3", 10],
    ["are after two that succeeded and after which another process answered", "|1a2|2a3", 10],
    ["are after two that succeeded and after which none answered", "|1a?|2a?|3", 10],
    ["are ever rarer", "|1A|2A|3A|4", 20],
    ["are once an hour in the end", "|1A|2A|3A|4A|5A|6A|7A|8", 60],
    ["are not when one in between succeeded", "|1A|2a2|2A|3", 0],
    ["are not for restarts between sweeps", "|1a1|2a2|3a3|4", 0],
    ["are not for restarts after a sweep whose last read succeeded", "|1a|2a|3a|4", 0],
    ["are not when an older process answers: several gateways behind one address", "|1A|2A|1A|2A|1", 0],
    ["are not for reads of the exposition that succeed in between", "|1e1A|2e2A|3", 10],
    ["are when the exposition is deadly, as it costs less", "|1EA|2EA|3", 10],
  ])("%s", (_, story, expected) => {
    expect(minutes(story, "api")).toBe(expected);
  });
});

describe("reads of the exposition", () => {
  it.each([
    ["continue when those of the API are deadly", "|1e1A|2e2A|3", 0],
    ["are postponed when they are, whatever was tried after them", "|1EA|2EA|3", 10],
  ])("%s", (_, story, expected) => {
    expect(minutes(story, "exposition")).toBe(expected);
  });
});

it("a postponement ends, and has the number of reads that led to it", () => {
  const memory = live("|1A|2A|3");
  expect(findPostponement(memory, "api", 540)).toEqual({ inARow: 2, seconds: 60 });
  expect(findPostponement(memory, "api", 600)).toBeNull();
});
