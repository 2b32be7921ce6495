import { defineConfig } from "vitest/config";

/** Benchmarks: they print tables and assert nothing about time. One at a time, or they would measure each other. */
export default defineConfig({
  test: {
    include: ["test/bench/**/*.bench.ts"],
    root: new URL("../..", import.meta.url).pathname,
    globalSetup: ["test/support/global-setup.ts"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
