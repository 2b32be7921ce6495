import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { placesOf } from "../support/program-places.ts";
import { readPage, root, tableOf } from "./pages.ts";

const rows = Object.fromEntries(
  tableOf(readPage("docs/works-with.md"), "with").map(([name = "", needs = "", tried = ""]) => [
    name,
    { needs, tried },
  ]),
);
const versionsIn = (text = ""): readonly string[] => text.match(/\d+(\.\d+)*/g) ?? [];

describe("docs/works-with.md", () => {
  it("names the versions of Node that package.json wants and the workflow tries", () => {
    const { engines } = JSON.parse(readPage("package.json")) as {
      readonly engines: { readonly node: string };
    };
    const { jobs } = parse(readPage(".github/workflows/ci.yml")) as {
      readonly jobs: {
        readonly check: { readonly strategy: { readonly matrix: { readonly node: readonly number[] } } };
      };
    };
    expect(versionsIn(rows["Node"]?.needs)).toEqual(versionsIn(engines.node));
    expect(versionsIn(rows["Node"]?.tried)).toEqual(jobs.check.strategy.matrix.node.map(String));
  });

  it.each([
    ["Kubernetes", "config/helm/Chart.yaml", /kubeVersion: ">=(\d+\.\d+)/],
    ["Prometheus", "config/prometheus/pushgateway-janitor.rules.yml", /for Prometheus (\d+\.\d+) and newer/],
    ["Pushgateway", "src/gateway/status.ts", /a Pushgateway older than (\d+\.\d+)/],
  ])("needs of %s what %s says", (row, file, version) => {
    expect(rows[row]?.needs).toContain(
      `${version.exec(readFileSync(join(root, file), "utf8"))?.[1]} or newer`,
    );
  });

  it.each([
    ["Pushgateway", "pushgateway", "prometheus-pushgateway", ["--version"]],
    ["Prometheus", "prometheus", "prometheus", ["--version"]],
    ["Kubernetes", "kubernetes", "helm", ["version"]],
    ["Kubernetes", "kubernetes", "kubectl", ["version", "--client"]],
    ["Compose", "docker-compose", "docker-compose", ["version"]],
  ])("names the versions of %s that .ci/setup fetches, in .cache/%s (%s)", (row, folder, program, words) => {
    // Only those: a machine may have others, and Debian's newest changes.
    const places = [...placesOf({ variable: "", folder, program })].filter(
      (place) => place.startsWith(join(root, ".cache")) && !place.includes("/sid/"),
    );
    for (const place of places) {
      const { stdout, stderr } = spawnSync(place, words, { encoding: "utf8" });
      expect(versionsIn(rows[row]?.tried)).toContain(/\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0]);
    }
    expect(places.length > 0 || !process.env["CI"]).toBe(true);
  });
});
