import { createArchive, type ArchivedDecision } from "../archive/archive.ts";
import type { ArchiveSettings } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Group } from "../core/group.ts";
import type { HealArchive } from "../gateway/doctor/heal-target.ts";

/** The archive for what `doctor --heal` deletes. */
export interface HealArchives {
  ofGateway(gateway: { readonly name: string; readonly url: string }): HealArchive;
  close(): Promise<void>;
}

/** Nothing is written before the first group: a doctor that deletes nothing does not need the folder to be there. */
export function createHealArchives(settings: ArchiveSettings, clock: Clock): HealArchives {
  const archive = createArchive({ ...settings, now: () => clock.now() });
  return {
    ofGateway: ({ name, url }) => ({
      append: (group, whole) =>
        archive.append([{ gateway: name, url, decision: decisionAbout(group), whole }]),
      recordOutcome: (key, outcome) => archive.recordOutcomes(name, [[key, outcome]]),
    }),
    close: () => archive.close(),
  };
}

function decisionAbout(group: Group): ArchivedDecision {
  return { group, rule: null, verdict: { reason: "inconsistent" }, ageSeconds: null, ttlSeconds: null };
}
