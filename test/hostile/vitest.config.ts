import { defineConfig } from "vitest/config";

import { seconds } from "./settings.ts";

/** The hostile suite: floods and crash loops. One file at a time, because what it measures is memory and answers in time. */
export default defineConfig({
  test: {
    include: ["test/hostile/**/*.test.ts"],
    root: new URL("../..", import.meta.url).pathname,
    globalSetup: ["test/support/global-setup.ts"],
    fileParallelism: false,
    testTimeout: (seconds + 300) * 1000,
    hookTimeout: 60_000,
  },
});
