import type {
  INetworkPolicy,
  INetworkPolicyEgressRule,
  INetworkPolicyPeer,
  INetworkPolicyPort,
} from "kubernetes-models/networking.k8s.io/v1";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { blocksOf } from "../docs/pages.ts";
import { mayLackKubernetesTools, renderChart } from "../support/kubernetes-tools.ts";
import { testFolder } from "../support/service.ts";
import { parseManifests, renderings, type Rendering } from "./manifests.ts";
import { ofKind, selects, workloadsOf, type Labels } from "./objects.ts";

/** The other end of a connection: a pod, or an address outside of the cluster. */
type End = { readonly namespace: string; readonly labels?: Labels } | { readonly address: string };

/** The rules of a direction that apply to the pods of the workload, whose connections are otherwise refused. */
function rulesOf(
  manifests: Rendering["manifests"],
): Record<"in" | "out", readonly INetworkPolicyEgressRule[]> {
  const [workload] = workloadsOf(manifests);
  const specs = ofKind<INetworkPolicy>(manifests, "NetworkPolicy").map(({ spec }) => spec!);
  for (const { podSelector, policyTypes } of specs) {
    expect(selects(podSelector, workload!.labels)).toBe(true);
    expect(policyTypes).toEqual(["Ingress", "Egress"]);
  }
  expect(specs).toHaveLength(1);
  return {
    in: specs.flatMap(({ ingress = [] }) => ingress.map(({ from, ports }) => ({ to: from!, ports: ports! }))),
    out: specs.flatMap(({ egress = [] }) => egress),
  };
}

function allows(
  rules: readonly INetworkPolicyEgressRule[],
  end: End,
  port: number,
  protocol = "TCP",
): boolean {
  const isPort = (one: INetworkPolicyPort) => one.port === port && (one.protocol ?? "TCP") === protocol;
  return rules.some(
    ({ to, ports }) =>
      (ports === undefined || ports.some(isPort)) &&
      (to === undefined || to.some((peer) => isPeer(peer, end))),
  );
}

function isPeer({ namespaceSelector, podSelector, ipBlock }: INetworkPolicyPeer, end: End): boolean {
  // Enough of CIDR for 0.0.0.0/0 except 10.0.0.0/8.
  if ("address" in end) return ipBlock !== undefined && !end.address.startsWith("10.");
  // Without a namespaceSelector, only the policy's own namespace.
  if (namespaceSelector === undefined) return false;
  const namespace = { "kubernetes.io/metadata.name": end.namespace };
  return selects(namespaceSelector, namespace) && selects(podSelector ?? {}, end.labels ?? {});
}

const prometheus = { namespace: "monitoring" };
const stranger = { namespace: "default" };
const gateway = { namespace: "batch" };

const policed = renderings().filter(({ manifests }) => ofKind(manifests, "NetworkPolicy").length > 0);

describe.each(policed)("the network policy of $name", ({ name, manifests }) => {
  const rules = rulesOf(manifests);
  const [workload] = workloadsOf(manifests);

  it("lets only Prometheus connect to the janitor, and nothing to a job", () => {
    expect(allows(rules.in, prometheus, 9717)).toBe(workload!.job === null);
    expect(allows(rules.in, stranger, 9717)).toBe(false);
    expect(allows(rules.in, stranger, 9091)).toBe(name.includes("sidecar"));
  });

  it("lets out to gateways and to DNS, and a sidecar nowhere", () => {
    const out = !name.includes("sidecar");
    expect(allows(rules.out, gateway, 9091)).toBe(out);
    for (const protocol of ["UDP", "TCP"])
      expect(allows(rules.out, { namespace: "kube-system" }, 53, protocol)).toBe(out);
    expect(allows(rules.out, { namespace: "openshift-dns" }, 5353, "UDP")).toBe(out);
    expect(allows(rules.out, gateway, 443)).toBe(false);
    expect(allows(rules.out, { address: "203.0.113.1" }, 443)).toBe(false);
  });
});

describe.skipIf(mayLackKubernetesTools)("the network policy", () => {
  it("is checked where it is on", () => {
    const names = ["deployment", "statefulset", "cronjob"].map((mode) => `helm ${mode} with everything`);
    expect(policed.map(({ name }) => name)).toEqual([...names, "kustomize deployment", "kustomize sidecar"]);
  });

  it("of docs/kubernetes.md also lets out to what it says", () => {
    const values = join(testFolder(), "values.yaml");
    writeFileSync(
      values,
      blocksOf("docs/kubernetes.md", "yaml").find((text) => text.startsWith("networkPolicy:"))!,
    );
    const { out } = rulesOf(parseManifests(renderChart("", `--values=${values}`), "docs/kubernetes.md"));
    const ends: readonly (readonly [End, number, boolean])[] = [
      [{ namespace: "infra", labels: { app: "inventory" } }, 8080, true],
      [{ namespace: "infra" }, 8080, false],
      [{ namespace: "ingress-nginx" }, 443, true],
      [stranger, 443, false],
      [{ address: "203.0.113.1" }, 443, true],
      [{ address: "10.1.2.3" }, 443, false],
      [prometheus, 9090, true],
      [gateway, 9091, true],
    ];
    for (const [end, port, isOpen] of ends)
      expect([end, port, allows(out, end, port)]).toEqual([end, port, isOpen]);
  });
});
