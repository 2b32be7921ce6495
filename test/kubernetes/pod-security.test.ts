import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { describe, expect, it } from "vitest";

import { renderings, sourceManifests } from "./manifests.ts";
import { workloadsOf } from "./objects.ts";
import { podSecurityProblems } from "./pod-security.ts";

const workloads = [sourceManifests, ...renderings().map(({ manifests }) => manifests)].flatMap(workloadsOf);

describe("the profile `restricted` of the Pod Security Standards", () => {
  it.each(workloads.map(({ where, pod }) => [where, pod] as const))(
    "has nothing against the %s",
    (_, pod) => {
      expect(podSecurityProblems(pod)).toEqual([]);
    },
  );

  const container: IContainer = {
    name: "c",
    image: "i:1",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const pod: IPodSpec = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
  };
  const withContext = (securityContext: IContainer["securityContext"]): IPodSpec => ({
    ...pod,
    containers: [{ ...container, securityContext: { ...container.securityContext!, ...securityContext } }],
  });
  const withContainer = (more: Partial<IContainer>): IPodSpec => ({
    ...pod,
    containers: [{ ...container, ...more }],
  });

  it("accepts a pod that complies", () => {
    expect(podSecurityProblems(pod)).toEqual([]);
  });

  it.each<[string, IPodSpec, string]>([
    ["the host's network", { ...pod, hostNetwork: true }, "hostNetwork"],
    ["the host's processes", { ...pod, hostPID: true }, "hostPID"],
    ["the host's shared memory", { ...pod, hostIPC: true }, "hostIPC"],
    ["no security context", { containers: [{ name: "c" }] }, "container c: runAsNonRoot is not on"],
    ["no seccomp", { ...pod, securityContext: { runAsNonRoot: true } }, "container c: no seccompProfile"],
    [
      "unconfined seccomp",
      withContext({ seccompProfile: { type: "Unconfined" } }),
      "container c: no seccompProfile",
    ],
    [
      "root by number",
      { ...pod, securityContext: { ...pod.securityContext, runAsUser: 0 } },
      "runAsUser is root",
    ],
    ["root in the container", withContext({ runAsUser: 0 }), "container c: runAsUser is root"],
    [
      "root allowed in the container",
      withContext({ runAsNonRoot: false }),
      "container c: runAsNonRoot is not on",
    ],
    [
      "escalation by default",
      withContainer({ securityContext: { capabilities: { drop: ["ALL"] } } }),
      "container c: allowPrivilegeEscalation is not off",
    ],
    ["a privileged container", withContext({ privileged: true }), "container c: privileged"],
    [
      "capabilities",
      withContext({ capabilities: { drop: ["KILL"] } }),
      "container c: does not drop ALL capabilities",
    ],
    [
      "more capabilities",
      withContext({ capabilities: { drop: ["ALL"], add: ["CHOWN"] } }),
      "container c: adds capabilities",
    ],
    ["procMount", withContext({ procMount: "Unmasked" }), "container c: procMount"],
    [
      "a port of the host",
      withContainer({ ports: [{ containerPort: 1, hostPort: 1 }] }),
      "container c: hostPort",
    ],
    [
      "a probe of another host",
      withContainer({ livenessProbe: { httpGet: { port: 1, host: "x" } } }),
      "container c: a probe asks another host",
    ],
    [
      "a folder of the host",
      { ...pod, volumes: [{ name: "v", hostPath: { path: "/" } }] },
      "volume v: hostPath",
    ],
    [
      "sysctls",
      { ...pod, securityContext: { ...pod.securityContext, sysctls: [{ name: "a", value: "1" }] } },
      "sysctls",
    ],
    [
      "a loose initContainer",
      { ...pod, initContainers: [{ ...container, name: "i", securityContext: {} }] },
      "container i: allowPrivilegeEscalation is not off",
    ],
  ])("is broken by %s", (_, broken, problem) => {
    expect(podSecurityProblems(broken)).toContain(problem);
  });
});
