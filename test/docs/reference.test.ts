import { expect, it } from "vitest";

import { renderReference } from "./render-reference.ts";

// `npx vitest run test/docs -u` writes it anew.
it("docs/reference.md is what the code says", async () => {
  const file = new URL("../../docs/reference.md", import.meta.url).pathname;
  await expect(renderReference()).toMatchFileSnapshot(file);
});
