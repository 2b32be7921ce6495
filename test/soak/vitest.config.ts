import { defineConfig } from "vitest/config";

const seconds = Number(process.env["SOAK_SECONDS"] ?? 300);

/** The soak: minutes of service beside a real gateway. By itself, or what it measures is the other tests. */
export default defineConfig({
  test: {
    include: ["test/soak/soak.ts"],
    root: new URL("../..", import.meta.url).pathname,
    globalSetup: ["test/support/global-setup.ts"],
    fileParallelism: false,
    testTimeout: (seconds + 300) * 1000,
    hookTimeout: 60_000,
  },
});
