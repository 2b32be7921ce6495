import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

// Everything else about the image takes a build: `npm run check:image`.
it("the image bears the version of the package", () => {
  const { version } = JSON.parse(read("package.json")) as { version: string };
  expect(read("Dockerfile")).toContain(`\nARG VERSION=${version}\n`);
});
