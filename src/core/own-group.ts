import { createLabels, type Labels } from "./labels.ts";

const ownJob = "pushgateway-janitor";

/**
 * The group on a gateway that the janitor pushes its own metrics to. The instance is the gateway's name, because a Prometheus
 * that scrapes several gateways has to tell their groups apart.
 */
export function ownGroupLabels(gateway: string): Labels {
  return createLabels([
    ["job", ownJob],
    ["instance", gateway],
  ]);
}

/**
 * Whether a group holds the janitor's own metrics: this one's, or those of another that calls the gateway by another name.
 * Exactly these labels, so that no other group escapes the rules by its job.
 */
export function isOwnGroup(labels: Labels): boolean {
  return labels.size === 2 && labels.get("job") === ownJob && labels.has("instance");
}
