import { readFileSync } from "node:fs";

import type { BuildInfo } from "../telemetry/metrics.ts";
import type { Io } from "./io.ts";

export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The revision is what whoever built an image says it is; a checkout knows none. */
export function readBuildInfo({ env, nodeVersion }: Io): BuildInfo {
  return { version: readVersion(), revision: env["PUSHGATEWAY_JANITOR_REVISION"] || "unknown", nodeVersion };
}
