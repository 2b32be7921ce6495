import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { chartKeys } from "./community-chart.ts";
import { communityValues, readText } from "./manifests.ts";

const values = parse(readText(communityValues)) as Readonly<Record<string, unknown>>;

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "list";
  return typeof value === "object" ? "map" : typeof value;
}

describe("the values for the community's chart", () => {
  it.each(Object.entries(values))("set %s, which the chart has, to what it takes", (key, value) => {
    expect(chartKeys).toHaveProperty(key, typeOf(value));
  });

  it("hold nothing that the chart would render as a template", () => {
    expect(JSON.stringify(values["extraManifests"])).not.toContain("{{");
  });
});
