import type { Outcome } from "../core/verdict.ts";
import type { SweepContext } from "./sweep-context.ts";

/** Notes in the archive what became of groups. For the record only: the groups themselves are in there already. */
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
