import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { describe, expect, it } from "vitest";

import { mayLackKustomize } from "../support/kustomize.ts";
import { overlays as names, renderings } from "./manifests.ts";
import { ofKind, selects, workloadsOf } from "./objects.ts";

const janitorPort = 9717;

/** The chart has policies of its own. */
const overlays = renderings().filter(({ name }) => name !== "helm");

const prometheus = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
  podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
};

describe.each(
  overlays.flatMap(({ name, manifests }) =>
    workloadsOf(manifests).map((workload) => ({ name, manifests, workload })),
  ),
)("the network policies of $name", ({ manifests, workload }) => {
  const specs = ofKind<INetworkPolicy>(manifests, "NetworkPolicy").map(({ spec }) => spec!);

  it("apply to its pods, and restrict both directions", () => {
    for (const { podSelector } of specs) expect(selects(podSelector, workload.labels)).toBe(true);
    const directions = specs.flatMap(({ policyTypes = [] }) => policyTypes);
    expect(new Set(directions)).toEqual(new Set(["Ingress", "Egress"]));
  });

  it("let out to gateways and to DNS, and a sidecar nowhere", () => {
    const rules = specs.flatMap(({ egress = [] }) => egress);
    for (const { to } of rules) expect(to).not.toHaveLength(0);
    const ports = rules.map(({ ports: open = [] }) =>
      open.map(({ port, protocol }) => `${port}/${protocol}`),
    );
    const isSidecar = workload.pod.initContainers !== undefined;
    expect(ports).toEqual(isSidecar ? [] : [["9091/TCP"], ["53/UDP", "53/TCP"]]);
  });

  it("let only Prometheus connect to the janitor, and nothing to a job", () => {
    const open = specs
      .flatMap(({ ingress = [] }) => ingress)
      .filter(({ ports }) => ports === undefined || ports.some(({ port }) => port === janitorPort));
    expect(open.flatMap(({ from }) => from)).toEqual(workload.job === null ? [prometheus] : []);
  });
});

it.skipIf(mayLackKustomize)("are checked in every overlay", () => {
  expect(overlays.map(({ name }) => name)).toEqual(names);
});
