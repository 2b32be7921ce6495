import type { GatewayReport, SweepReport } from "../core/report.ts";
import { countGroups } from "../core/totals.ts";
import type { Logger } from "./logger.ts";

/** Logs the result of a sweep: one line per gateway, at level `error` if somebody has to act. */
export function logReport({ gateways, dryRun }: SweepReport, log: Logger): void {
  for (const gateway of gateways) logGateway(gateway, dryRun, log);
}

/** Logs the result of a read without a sweep. A gateway that cannot be read yet is logged once; the next sweep makes it an error. */
export function logRead(report: SweepReport, before: SweepReport | null, log: Logger): void {
  for (const { name, error, status, entries, snapshot, durationSeconds } of report.gateways) {
    if (status === "failed") {
      const isNews = !(before?.gateways ?? []).some((known) => known.name === name);
      log[isNews ? "info" : "debug"]("Gateway not readable yet", { gateway: name, err: error?.message });
      continue;
    }
    const { verdicts, expired } = countGroups(entries);
    log.info("Gateway read", {
      gateway: name,
      groups: snapshot?.groups ?? null,
      kept: verdicts.keep,
      expired,
      duration_seconds: Number(durationSeconds.toFixed(3)),
    });
  }
}

function logGateway(gateway: GatewayReport, dryRun: boolean, log: Logger): void {
  const { name, status, error, entries, notes, durationSeconds, snapshot } = gateway;
  const { verdicts, expired, deleted } = countGroups(entries);
  const known = snapshot !== null;
  const fields = {
    gateway: name,
    status,
    dry_run: dryRun,
    groups: known ? snapshot.groups : null,
    kept: known ? verdicts.keep : null,
    expired: known ? expired : null,
    withheld: known ? verdicts.withhold : null,
    ...(dryRun ? {} : { deleted }),
    duration_seconds: Number(durationSeconds.toFixed(3)),
  };
  if (status === "ok") log.info("Sweep finished", fields);
  else if (error === null) log.warn("Sweep incomplete", fields);
  else
    log.error(status === "failed" ? "Sweep failed" : "Sweep incomplete", { ...fields, err: error.message });
  for (const note of notes) log.warn("Sweep note", { gateway: name, note });
}
