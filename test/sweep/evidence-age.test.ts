import { describe, expect, it } from "vitest";
import { EvidenceAge, type EvidenceRead } from "../../src/sweep/evidence.ts";
import { now } from "../support/core-values.ts";

/** A read that was asked for at 0 and took so long. */
function read(durationSeconds: number): EvidenceRead {
  return {
    requestedAt: 0,
    durationSeconds,
    clocks: { gateway: 0, local: 0 },
    process: null,
  };
}

/** How long evidence of a read is good for from its request on, after reads of these lengths. */
function usableSeconds(maxSeconds: number | null, ...reads: readonly number[]): number {
  const age = new EvidenceAge(maxSeconds, { now: () => now, monotonic: () => 0 });
  for (const seconds of reads) age.learn(read(seconds));
  return age.remainingSeconds(read(reads.at(-1)!));
}

describe("evidence is good for", () => {
  it.each<[string, number | null, number[], number]>([
    ["a tenth of a second more than the read takes, on a small gateway", null, [0.01], 0.11],
    ["twice as long again as the read takes, on a large one", null, [0.4], 1.2],
    ["at most a second and two reads", null, [3], 7],
    ["at most a minute, however slow the gateway is", null, [100], 60],
    ["no longer than max_evidence_age says", 0.5, [1], 0.5],
    ["no longer because one read was held up", null, [0.01, 0.01, 20], 0.11],
    ["no longer because the first read was held up", null, [20, 0.01], 0.11],
    ["longer when reads have really become slow", null, [0.01, 0.4, 0.4, 0.5], 1.2],
  ])("%s", (_, maxSeconds, reads, expected) => {
    expect(usableSeconds(maxSeconds, ...reads)).toBeCloseTo(expected, 6);
  });

  it("nothing once it is as old as that, counted from the request", () => {
    let seconds = 0;
    const age = new EvidenceAge(null, { now: () => now, monotonic: () => seconds });
    age.learn(read(0.4));
    seconds = 1.19;
    expect(age.remainingSeconds(read(0.4))).toBeGreaterThan(0);
    seconds = 1.21;
    expect(age.remainingSeconds(read(0.4))).toBeLessThan(0);
    expect(age.tooOld(read(0.4)).message).toContain("raise limits.max_evidence_age (now 1.80 s)");
  });
});
