import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import type { IDeployment, IStatefulSet } from "kubernetes-models/apps/v1";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IConfigMap, IPersistentVolumeClaim, IService } from "kubernetes-models/v1";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";

import { cli } from "../support/cli.ts";
import { renderings } from "./manifests.ts";
import { containersOf, hasPort, janitorOf, ofKind, selects, sorted, workloadsOf } from "./objects.ts";

/** What of a janitor.yml has to fit what is around it. */
interface Settings {
  readonly dry_run: boolean;
  readonly pushgateways: readonly { readonly url: string }[];
  readonly archive: { readonly dir: string };
}

describe.each(renderings())("$name", ({ name, manifests }) => {
  const [workload, ...others] = workloadsOf(manifests);
  if (workload === undefined) throw new Error(`${name} has no workload`);
  const { pod } = workload;
  const janitor = janitorOf(workload);
  const claims = ofKind<IPersistentVolumeClaim>(manifests, "PersistentVolumeClaim");
  const maps = ofKind<IConfigMap>(manifests, "ConfigMap").filter(
    ({ data }) => data?.["janitor.yml"] !== undefined,
  );
  const volumes = pod.volumes ?? [];

  const janitorYml = maps[0]?.data?.["janitor.yml"] ?? "";
  const settings = parse(janitorYml) as Settings;
  const isSharded = name.includes("statefulset");

  it("has one workload, whose selector selects its own pods", () => {
    expect(others).toEqual([]);
    const sets = ofKind<IStatefulSet>(manifests, "StatefulSet");
    for (const { spec } of [...ofKind<IDeployment>(manifests, "Deployment"), ...sets])
      expect(selects(spec!.selector, workload.labels)).toBe(true);
    const services = ofKind<IService>(manifests, "Service");
    for (const { spec } of sets)
      expect(services.map(({ metadata }) => metadata?.name)).toContain(spec!.serviceName);
  });

  it("has only Services that lead to a port of its pod", () => {
    for (const { spec } of ofKind<IService>(manifests, "Service")) {
      expect(selects({ matchLabels: spec!.selector! }, workload.labels)).toBe(true);
      for (const { targetPort } of spec!.ports!) expect(hasPort(pod, targetPort!)).toBe(true);
    }
  });

  it("has its service scraped if asked for, and its job never, which pushes its metrics", () => {
    const monitors = ofKind<IPodMonitor>(manifests, "PodMonitor").map(({ spec }) => spec);
    expect(monitors).toHaveLength(name.endsWith("everything") && workload.job === null ? 1 : 0);
    expect(janitor.args?.includes("--metrics.push")).toBe(workload.job !== null);
    for (const { selector, podMetricsEndpoints = [] } of monitors) {
      expect(selects(selector, workload.labels)).toBe(true);
      expect(podMetricsEndpoints.map(({ port }) => port)).toEqual(janitor.ports?.map((port) => port.name));
    }
  });

  it("mounts existing volumes, and all of them", () => {
    const usedClaims = volumes.flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
    const templates = ofKind<IStatefulSet>(manifests, "StatefulSet").flatMap(
      ({ spec }) => spec!.volumeClaimTemplates ?? [],
    );
    const usedMaps = volumes.flatMap(({ configMap: map }) => map?.name ?? []);
    const mounts = containersOf(pod).flatMap(({ volumeMounts = [] }) =>
      volumeMounts.map((mount) => mount.name),
    );
    expect(sorted(usedClaims)).toEqual(sorted(claims.map(({ metadata }) => metadata?.name)));
    expect(usedMaps).toEqual(maps.map(({ metadata }) => metadata?.name));
    const names = [
      ...volumes.map((volume) => volume.name),
      ...templates.map(({ metadata }) => metadata!.name),
    ];
    expect(sorted(mounts)).toEqual(sorted(names));
  });

  it("has a valid janitor.yml that deletes nothing yet", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kubernetes-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "janitor.yml");
    writeFileSync(file, janitorYml);
    expect(await cli(["check", "config", file])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(settings.dry_run).toBe(true);
  });

  it("keeps the archive on a volume that outlives the pod, and that its user may write to", () => {
    const mount = janitor.volumeMounts?.find(({ mountPath }) => mountPath === settings.archive.dir);
    expect(mount).toBeDefined();
    expect(mount).not.toHaveProperty("readOnly");
    const claimed = volumes.find((volume) => volume.name === mount?.name);
    // A shard's comes from the template of its StatefulSet.
    expect(claimed?.persistentVolumeClaim === undefined).toBe(isSharded);
    expect(pod.securityContext?.fsGroup).toBeGreaterThan(0);
  });

  it("reaches its gateways: in its own pod, or through the network policy", () => {
    const policies = ofKind<INetworkPolicy>(manifests, "NetworkPolicy");
    const rules = policies.flatMap(({ spec }) => spec!.egress ?? []);
    const open = new Set(rules.flatMap(({ ports = [] }) => ports.map(({ port }) => port)));
    for (const { url } of settings.pushgateways) {
      const { hostname, port } = new URL(url);
      const isReached =
        hostname === "localhost"
          ? hasPort(pod, Number(port))
          : policies.length === 0 || open.has(Number(port));
      expect([url, isReached]).toEqual([url, true]);
    }
  });
});
