import type { ILabelSelector } from "@kubernetes-models/apimachinery/apis/meta/v1/LabelSelector";
import type { IDeployment, IStatefulSet } from "kubernetes-models/apps/v1";
import type { ICronJob, IJobSpec } from "kubernetes-models/batch/v1";
import type { IContainer, IPodSpec } from "kubernetes-models/v1";

export interface Manifest {
  /** For people: which file, which overlay. */
  readonly where: string;
  readonly object: KubernetesObject;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly labels?: Labels };
}

export type Labels = Readonly<Record<string, string>>;

/** The pods of a workload. */
export interface Workload {
  readonly where: string;
  readonly labels: Labels;
  readonly pod: IPodSpec;
  /** null: it is no job. */
  readonly job: IJobSpec | null;
}

/** All workloads among the manifests. Kinds that are not known here would be left unchecked, so there must be none. */
export function workloadsOf(manifests: readonly Manifest[]): readonly Workload[] {
  return manifests.flatMap(({ where, object }): readonly Workload[] => {
    const place = `${object.kind} of ${where}`;
    if (object.kind === "Deployment" || object.kind === "StatefulSet") {
      const { template } = (object as IDeployment | IStatefulSet).spec!;
      return [{ where: place, labels: template.metadata?.labels ?? {}, pod: template.spec!, job: null }];
    }
    if (object.kind === "CronJob") {
      const job = (object as ICronJob).spec!.jobTemplate.spec!;
      const { metadata, spec } = job.template;
      return [{ where: place, labels: metadata?.labels ?? {}, pod: spec!, job }];
    }
    if (podless.has(object.kind)) return [];
    throw new Error(`${where}: does a ${object.kind} have pods? Say so in test/kubernetes/objects.ts.`);
  });
}

const podless = new Set([
  "ConfigMap",
  "NetworkPolicy",
  "PersistentVolumeClaim",
  "PodMonitor",
  "PrometheusRule",
  "Service",
  "ServiceAccount",
  "ServiceMonitor",
]);

export function containersOf(pod: IPodSpec): readonly IContainer[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** The container that runs the janitor, which must be one. */
export function janitorOf({ where, pod }: Workload): IContainer {
  const [janitor, ...others] = containersOf(pod).filter(({ name }) => name === "janitor");
  if (janitor === undefined || others.length > 0) throw new Error(`${where}: expected one container janitor`);
  return janitor;
}

export function selects(selector: ILabelSelector, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== "In") throw new Error(`the operator ${operator} is not known here`);
      return labels[key] !== undefined && values.includes(labels[key]);
    })
  );
}

/** What is of a kind. */
export function ofKind<T extends { readonly kind: string }>(
  manifests: readonly Manifest[],
  kind: T["kind"],
): readonly T[] {
  return manifests.map(({ object }) => object as unknown as T).filter((object) => object.kind === kind);
}

/** Whether a port, by name or by number, is one of the pod's. */
export function hasPort(pod: IPodSpec, port: string | number): boolean {
  const ports = containersOf(pod).flatMap(({ ports: own = [] }) => own);
  return ports.some(({ name, containerPort }) => port === name || port === containerPort);
}

/** In a table's order: for comparing lists whose order says nothing. */
export function sorted(names: readonly (string | undefined)[]): readonly (string | undefined)[] {
  return names.toSorted((a = "", b = "") => (a < b ? -1 : 1));
}
