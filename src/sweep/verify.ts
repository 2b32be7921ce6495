import { RequestError } from "../http/request-error.ts";
import type { EvidenceKeeper } from "./evidence-keeper.ts";
import type { Ledger } from "./ledger.ts";
import { AnotherGateway } from "./same-gateway.ts";
import type { SweepContext } from "./sweep-context.ts";
import type { Outcome } from "../core/verdict.ts";

/**
 * Seconds before each read; afterwards a group counts as still there. On an idle gateway a deleted group is gone at the next read,
 * behind checked pushes up to 8 s later (1.5.1 and 1.11).
 */
const pausesSeconds = [0, 0.2, 1, 3, 5];

/**
 * Reads until all deletions that were sent are settled, or had enough time. After a stop it reads once, unless that is aborted.
 * @throws `RequestError`, `AnotherGateway`
 */
export async function confirmDeletions(
  { gateway, wait, progress, stop, abort }: SweepContext,
  ledger: Ledger,
  evidence: EvidenceKeeper,
): Promise<void> {
  for (const pause of pausesSeconds) {
    const inQuestion = [...ledger.unconfirmed.values()];
    if (inQuestion.length === 0) return;
    if (pause > 0 && (stop.aborted || !ledger.isGatewayBusy())) return;
    progress({ gateway: gateway.name, phase: "verifying", done: 0, total: inQuestion.length });
    await wait(pause, stop);
    ledger.confirm(await evidence.refresh(inQuestion, abort));
  }
}

/** Settles all deletions that were sent. */
export async function verifyDeletions(
  context: SweepContext,
  ledger: Ledger,
  evidence: EvidenceKeeper,
): Promise<void> {
  try {
    await confirmDeletions(context, ledger, evidence);
    ledger.settleUnconfirmed("still_there");
  } catch (error) {
    if (!(error instanceof RequestError || error instanceof AnotherGateway)) throw error;
    context.log.warn("Deletions could not be verified", {
      gateway: context.gateway.name,
      err: error.message,
    });
    ledger.settleUnconfirmed("failed");
  }
}

/** Adds outcomes to the archive, which holds the groups already. A failure is only logged. */
export async function recordOutcomes(
  { archive, gateway, log }: SweepContext,
  outcomes: readonly (readonly [key: string, outcome: "accepted" | Outcome])[],
): Promise<void> {
  try {
    if (outcomes.length > 0) await archive?.recordOutcomes(gateway.name, outcomes);
  } catch (error) {
    log.warn("Outcomes could not be recorded", { gateway: gateway.name, err: String(error) });
  }
}
