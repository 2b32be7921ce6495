import { createArchive, type ArchivedDecision } from "../archive/archive.ts";
import type { ArchiveSettings } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Group } from "../core/group.ts";
import type { HealArchive } from "../gateway/doctor/heal-target.ts";

/** The archive for what `doctor --heal` deletes, opened with the first group. */
export interface HealArchives {
  ofGateway(name: string): HealArchive;
  close(): Promise<void>;
}

/** Opens nothing yet: a doctor that deletes nothing neither locks the folder nor needs it to be there. */
export function createHealArchives(settings: ArchiveSettings, clock: Clock): HealArchives {
  const archive = createArchive({ ...settings, now: () => clock.now() });
  return {
    ofGateway: (gateway) => ({
      async append(group, whole) {
        await archive.open();
        await archive.append([{ gateway, decision: decisionAbout(group), whole }]);
      },
      recordOutcome: (key, outcome) => archive.recordOutcomes(gateway, [[key, outcome]]),
    }),
    close: () => archive.close(),
  };
}

function decisionAbout(group: Group): ArchivedDecision {
  return { group, rule: null, verdict: { reason: "inconsistent" }, ageSeconds: null, ttlSeconds: null };
}
