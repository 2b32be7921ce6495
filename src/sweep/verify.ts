import { GatewayError } from "../gateway/gateway-error.ts";
import type { EvidenceKeeper } from "./evidence-keeper.ts";
import type { Ledger } from "./ledger.ts";
import { AnotherGateway } from "./same-gateway.ts";
import type { SweepContext } from "./sweep-context.ts";

/**
 * Seconds before each look. On an idle gateway a deleted group is gone at the next read, behind checked pushes up to 8 s
 * later (1.5.1 and 1.11): so much time it has before a group counts as still there.
 */
const pausesSeconds = [0, 0.2, 1, 3, 5];

/** Looks what became of the deletions that were sent. After a stop it looks once, as long as nobody cuts it off. */
export async function verifyDeletions(
  context: SweepContext,
  ledger: Ledger,
  evidence: EvidenceKeeper,
): Promise<void> {
  const { gateway, log, wait, progress, stop, abort } = context;
  try {
    for (const pause of pausesSeconds) {
      const inQuestion = [...ledger.unconfirmed.values()];
      if (inQuestion.length === 0) return;
      if (pause > 0 && (stop.aborted || !ledger.isGatewayBusy())) break;
      progress({ gateway: gateway.name, phase: "verifying", done: 0, total: inQuestion.length });
      await wait(pause, stop);
      ledger.confirm(await evidence.refresh(inQuestion, abort));
    }
    ledger.settleUnconfirmed("still_there");
  } catch (error) {
    if (!(error instanceof GatewayError || error instanceof AnotherGateway)) throw error;
    log.warn("Deletions could not be verified", { gateway: gateway.name, err: error.message });
    ledger.settleUnconfirmed("failed");
  }
}
