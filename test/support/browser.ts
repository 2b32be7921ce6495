import { existsSync } from "node:fs";

import { chromium, type Browser } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Whether browser tests can run. In CI .ci/setup has seen to that, and a missing one is a failure. */
export const hasBrowser = existsSync(executablePath) || Boolean(process.env["CI"]);

/** Debian's chromium, which asks nobody for anything but what a test tells it to. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
