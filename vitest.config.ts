import { defineConfig } from "vitest/config";

/** Tests that measure a race or a limit: anything beside them would be measured, too. */
const alone = ["test/e2e/race.test.ts"];

export default defineConfig({
  test: {
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "test/support/summary-reporter.ts"],
    // Tests that start a real gateway share two cores with each other: slow is not wrong there.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Half of the time a test waits for a gateway. Vitest's own choice is one worker less than cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "tests",
          include: ["test/**/*.test.ts"],
          // The hostile suite takes minutes: `npm run test:hostile`.
          exclude: ["test/hostile/**", ...alone],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: "alone", include: alone, sequence: { groupOrder: 1 } } },
    ],
  },
});
