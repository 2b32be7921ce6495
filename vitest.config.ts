import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Minutes of it, by `npm run test:hostile`.
    exclude: ["test/hostile/**"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "test/support/summary-reporter.ts"],
    // Tests that start a real gateway share two cores with each other; what is slow there is not wrong.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
