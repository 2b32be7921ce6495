import type { Totals } from "../core/totals.ts";
import { withholdReasons, type WithholdReason } from "../core/verdict.ts";
import { adviseOnWithheld } from "./advice.ts";

/** Groups that have expired and stay, because of one limit or doubt. */
export interface WithheldView {
  readonly reason: WithholdReason;
  readonly groups: number;
  readonly advice: string;
}

/** What is withheld, by reason. */
export function viewWithheld({ reasons }: Totals): readonly WithheldView[] {
  return withholdReasons
    .filter((reason) => reasons[reason] > 0)
    .map((reason) => ({ reason, groups: reasons[reason], advice: adviseOnWithheld(reason) }));
}
