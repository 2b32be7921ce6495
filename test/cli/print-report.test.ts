import { describe, expect, it } from "vitest";

import type { OutputFormat } from "../../src/cli/flags.ts";
import type { Io, Output } from "../../src/cli/io.ts";
import { printReport } from "../../src/cli/print-report.ts";
import { readOutput } from "../support/output.ts";
import { entry, gatewayReport, sweepReport } from "../support/reports.ts";

/** Takes one write, and nothing more before it is asked for. */
function slowReader(): { readonly output: Output; readonly lengths: number[]; readonly take: () => void } {
  const lengths: number[] = [];
  let taken = (): void => {};
  return {
    lengths,
    take: () => taken(),
    output: {
      ...readOutput((text) => void lengths.push(text.length)),
      drained: () => new Promise((resolve) => (taken = resolve)),
    },
  };
}

const many = sweepReport([
  gatewayReport(Array.from({ length: 1000 }, () => entry({ verdict: "keep", reason: "within_ttl" }))),
]);

describe("a report of many groups", () => {
  it.each<OutputFormat>(["table", "json", "csv", "markdown", "html"])(
    "waits, as %s, with all but a small part until the reader takes more",
    async (format) => {
      const { output, lengths, take } = slowReader();
      const printing = printReport(many, { output: format }, { stdout: output, env: {} } as unknown as Io);
      await expect.poll(() => lengths.length).toBe(1);
      // Whatever was going to be written beside it would have been by now.
      await new Promise(setImmediate);
      expect(lengths).toEqual([expect.closeTo(16 * 1024, -4)]);
      const state = { printed: false };
      void printing.then(() => (state.printed = true));
      while (!state.printed) {
        take();
        await new Promise(setImmediate);
      }
      expect(lengths.length).toBeGreaterThan(2);
      expect(Math.max(...lengths)).toBeLessThan(24 * 1024);
    },
  );
});
