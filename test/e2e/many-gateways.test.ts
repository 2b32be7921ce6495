import { join } from "node:path";
import { writeFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { freePort } from "../support/free-port.ts";
import { jobsOf, startLightGateway, startRealGateway } from "../support/gateways.ts";
import { serveHanging } from "../support/hanging-gateway.ts";
import { startProgram } from "../support/program.ts";
import { loggedFields, testFolder } from "../support/service.ts";

const timeoutSeconds = 8;

interface Report {
  readonly gateways: readonly {
    readonly name: string;
    readonly status: string;
    readonly error?: { readonly code: string; readonly message: string };
    readonly groups: readonly { readonly labels: { readonly job: string }; readonly outcome?: string }[];
  }[];
}

async function startMany(count: number, start: () => Promise<string>): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: count }, start));
}

describe("fifty gateways, some dead, some hanging", () => {
  it(
    "are swept concurrently: all living ones, without waiting for the others, which are reported by name",
    { timeout: 120_000 },
    async () => {
      const fleet = {
        // First, so that they take the places there are.
        "hangs-at-status": await startMany(5, async () => (await serveHanging("GET /api/v1/status")).url),
        "hangs-at-reading": await startMany(5, async () => (await serveHanging("GET /api/v1/metrics")).url),
        dead: await startMany(5, async () => `http://127.0.0.1:${await freePort()}`),
        real: await startMany(20, startRealGateway),
        light: await startMany(15, startLightGateway),
      };
      const folder = testFolder();
      const targets = Object.entries(fleet).flatMap(([kind, urls]) =>
        urls.map((url, index) => ({ targets: [new URL(url).host], labels: { name: `${kind}-${index}` } })),
      );
      expect(targets).toHaveLength(50);
      writeFileSync(join(folder, "gateways.json"), JSON.stringify(targets));
      writeFileSync(
        join(folder, "janitor.yml"),
        [
          `file_sd_configs: [{ files: [gateways.json], gateway: { timeout: ${timeoutSeconds}s } }]`,
          "limits: { max_outage: 0s }",
          "rules: [{ name: all, matchers: [], ttl: 30d }]",
          "",
        ].join("\n"),
      );

      const startedAt = performance.now();
      const program = startProgram([
        "once",
        `--config.file=${join(folder, "janitor.yml")}`,
        "--gateways.concurrency=4",
        "--output=json",
        "--log.level=error",
      ]);
      const { exitCode, stdout, stderr } = await program.ended;
      const seconds = (performance.now() - startedAt) / 1000;

      const { gateways } = JSON.parse(stdout) as Report;
      const summary = gateways.map(({ name, status, error, groups }) => [
        name,
        status,
        error?.code ?? groups.find(({ labels }) => labels.job === "old")?.outcome,
      ]);
      const expected = targets.map(({ labels: { name } }) => {
        if (name.startsWith("dead")) return [name, "failed", "unreachable"];
        return name.startsWith("hangs") ? [name, "failed", "timeout"] : [name, "ok", "gone"];
      });
      expect(summary).toEqual(expected);
      expect(exitCode).toBe(21);
      expect(stderr).not.toContain("Warning");
      expect(loggedFields(stderr, "Sweep failed", "gateway")).toEqual(
        targets.map(({ labels }) => labels.name).filter((name) => /^(?:dead|hangs)/.test(name)),
      );
      for (const url of [...fleet.real, ...fleet.light]) expect(await jobsOf(url)).toEqual(["fresh"]);
      // Four places and ten that hang: waited for one after the other, that alone would be three timeouts.
      expect(seconds).toBeLessThan(2.5 * timeoutSeconds);
    },
  );
});
