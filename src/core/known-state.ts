import type { GatewayReport, KnownSince, ReportEntry, SweepReport } from "./report.ts";

/**
 * Adds what a sweep found, or a read without one, to what a service knows. A gateway that could not be read this time keeps what it
 * held when it last could: a dead gateway is not an empty one.
 * @param known null: nothing yet
 */
export function addToKnown(
  known: SweepReport | null,
  report: SweepReport,
  kind: "sweep" | "read",
): SweepReport {
  const before = new Map(known?.gateways.map((gateway) => [gateway.name, gateway]));
  const { finishedAt } = report;
  const now: KnownSince = { lastSweptAt: kind === "sweep" ? finishedAt : null, lastReadAt: finishedAt };
  const gateways = report.gateways.map((gateway) => {
    const earlier = before.get(gateway.name);
    // Another gateway may have taken over the name.
    return withMemory(gateway, earlier?.url === gateway.url ? earlier : undefined, now);
  });
  if (kind === "sweep" || known === null) return { ...report, gateways };
  const read = new Set(gateways.map(({ name }) => name));
  return {
    ...known,
    rules: report.rules,
    gateways: [...known.gateways.filter(({ name }) => !read.has(name)), ...gateways],
  };
}

/** When the gateway held the groups that its report tells of, Unix seconds, if its last sweep could not read it; null: then. */
export function outdatedSince({ snapshot, status, known }: GatewayReport): number | null {
  return status === "failed" && snapshot !== null ? (known?.lastReadAt ?? null) : null;
}

/** Whether no sweep has tried the gateway, and no read could read it. */
export function isUnread({ known }: GatewayReport): boolean {
  return known?.lastSweptAt === null && known.lastReadAt === null;
}

function withMemory(
  gateway: GatewayReport,
  earlier: GatewayReport | undefined,
  now: KnownSince,
): GatewayReport {
  if (gateway.snapshot !== null) return { ...gateway, known: now };
  const known = { ...now, lastReadAt: earlier?.known?.lastReadAt ?? null };
  if (earlier === undefined || earlier.snapshot === null) return { ...gateway, known };
  const entries = earlier.entries.filter(isStillThere);
  return { ...gateway, snapshot: { ...earlier.snapshot, groups: entries.length }, entries, known };
}

function isStillThere({ outcome }: ReportEntry): boolean {
  return outcome !== "gone" && outcome !== "gone_already";
}
