import { defineConfig } from "vitest/config";

/** The check of the image: builds it, which takes minutes and root, and runs it. Not part of the tests. */
export default defineConfig({
  test: {
    include: ["test/image/image.check.ts"],
    root: new URL("../..", import.meta.url).pathname,
    reporters: ["verbose"],
    testTimeout: 60_000,
    hookTimeout: 1_800_000,
  },
});
