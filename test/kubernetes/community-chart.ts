import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { IContainer, IPodSecurityContext, ISecurityContext, IVolume } from "kubernetes-models/v1";
import { parse } from "yaml";

import type { KubernetesObject } from "./objects.ts";

/** What of the chart's values our file sets. */
interface ChartValues {
  readonly automountServiceAccountToken: boolean;
  readonly persistentVolume: { readonly enabled: boolean };
  readonly extraArgs: readonly string[];
  readonly securityContext: IPodSecurityContext;
  readonly containerSecurityContext: ISecurityContext;
  readonly extraInitContainers?: readonly IContainer[];
  readonly extraContainers?: readonly IContainer[];
  readonly extraVolumes: readonly IVolume[];
  readonly extraManifests: readonly KubernetesObject[];
}

/** The top-level keys of the chart's values.yaml, each with what it holds. */
export const chartKeys = parse(
  readFileSync(join(import.meta.dirname, "prometheus-pushgateway-3.8.0.keys.yml"), "utf8"),
) as Readonly<Record<string, "boolean" | "list" | "map" | "number" | "string" | "null">>;

/** What the chart makes of the values, as far as they concern it: its pod's defaults, and where the extras go. */
export function renderCommunityChart(values: ChartValues): readonly KubernetesObject[] {
  const labels = {
    "app.kubernetes.io/name": "prometheus-pushgateway",
    "app.kubernetes.io/instance": "pushgateway",
  };
  const gateway = {
    name: "pushgateway",
    image: "quay.io/prometheus/pushgateway:v1.11.3",
    args: values.extraArgs,
    ports: [{ name: "metrics", containerPort: 9091, protocol: "TCP" }],
    securityContext: values.containerSecurityContext,
    volumeMounts: [{ name: "storage-volume", mountPath: "/data", subPath: "" }],
  };
  const fullName = "pushgateway-prometheus-pushgateway";
  const storage = values.persistentVolume.enabled
    ? { persistentVolumeClaim: { claimName: fullName } }
    : { emptyDir: {} };
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: fullName, labels },
    spec: {},
  };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: fullName, labels },
    spec: {
      replicas: 1,
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: values.automountServiceAccountToken,
          initContainers: values.extraInitContainers ?? [],
          containers: [...(values.extraContainers ?? []), gateway],
          securityContext: {
            fsGroup: 65534,
            runAsUser: 65534,
            runAsNonRoot: true,
            ...values.securityContext,
          },
          volumes: [{ name: "storage-volume", ...storage }, ...values.extraVolumes],
        },
      },
    },
  };
  return [deployment, claim, ...values.extraManifests];
}
