import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { IStatefulSet } from "kubernetes-models/apps/v1";
import type { ICronJob, IPodFailurePolicyRule } from "kubernetes-models/batch/v1";
import { describe, expect, it } from "vitest";

import { exitCodes } from "../../src/cli/exit-code.ts";
import { cli } from "../support/cli.ts";
import { startService, testFolder, writeConfig } from "../support/service.ts";
import { files, readText, renderings, sourceManifests } from "./manifests.ts";
import { containersOf, janitorOf, ofKind, workloadsOf, type Workload } from "./objects.ts";

const workloads = [sourceManifests, ...renderings().map(({ manifests }) => manifests)].flatMap(workloadsOf);
const services = workloads.filter(({ job }) => job === null);
const jobs = workloads.filter(({ job }) => job !== null);

/** For a table: the title, and what it is about. */
const titled = (some: readonly Workload[]) => some.map((workload) => [workload.where, workload] as const);

const root = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
};

/** The flags of a command, each with whether it takes a value. */
async function flagsOf(command: string): Promise<ReadonlyMap<string, boolean>> {
  const { stdout, exitCode } = await cli([command, "--help"]);
  expect(exitCode).toBe(0);
  return new Map(
    [...stdout.matchAll(/^ {2}(--[\w.-]+)( <)?/gm)].map(([, flag = "", value]) => [
      flag,
      value !== undefined,
    ]),
  );
}

describe.each(titled(workloads))("the janitor of the %s", (_, workload) => {
  const janitor = janitorOf(workload);
  const [command = "", ...flags] = janitor.args ?? [];

  it("is called with flags that exist", async () => {
    const known = await flagsOf(command);
    const used = flags.map((flag) => flag.split("=", 1)[0] ?? "");
    expect([...known.keys()]).toEqual(expect.arrayContaining(used));
    for (const flag of used) expect([flag, flags.includes(flag)]).toEqual([flag, known.get(flag) === false]);
  });

  it("runs as a service, or once as a job", () => {
    expect(command).toBe(workload.job === null ? "run" : "once");
  });

  it("uses the image of this version, with its own entry point", () => {
    expect(janitor.image).toBe(`pushgateway-janitor:${version}`);
    expect(janitor.command).toBeUndefined();
  });

  it("has an account without token, a read-only root file system, and bounded memory", () => {
    expect(workload.pod.automountServiceAccountToken).toBe(false);
    expect(workload.pod.serviceAccountName ?? "of the community's chart").not.toBe("default");
    expect(janitor.securityContext?.readOnlyRootFilesystem).toBe(true);
    expect(janitor.resources?.requests).toHaveProperty("cpu");
    expect(janitor.resources?.requests).toHaveProperty("memory");
    expect(janitor.resources?.limits).toHaveProperty("memory");
    expect(janitor.resources?.limits).not.toHaveProperty("cpu");
  });

  it("sees changes of its ConfigMap, which is mounted as a folder and read-only", () => {
    const file = flags.find((flag) => flag.startsWith("--config.file="))?.slice("--config.file=".length);
    const mount = janitor.volumeMounts?.find(({ mountPath }) => file === `${mountPath}/janitor.yml`);
    expect(mount).toMatchObject({ readOnly: true });
    expect(mount).not.toHaveProperty("subPath");
    expect(mount).not.toHaveProperty("subPathExpr");
    expect(workload.pod.volumes?.find(({ name }) => name === mount?.name)).toHaveProperty("configMap");
  });
});

it("names no other image of the janitor in any file", () => {
  const images = files.flatMap((file) =>
    [...readText(file).matchAll(/image: (\S*janitor\S*)/g)].map(([, image]) => image),
  );
  expect(new Set(images)).toEqual(new Set([`pushgateway-janitor:${version}`]));
});

describe.each(titled(services))("the service in the %s", (_, workload) => {
  const janitor = janitorOf(workload);
  const isSidecar = workload.pod.initContainers?.includes(janitor) ?? false;
  const flags = janitor.args?.slice(1) ?? [];
  const wantsLogin = flags.some((flag) => flag.startsWith("--web.config.file="));

  it("serves on the port that run listens on by default", async () => {
    const { stdout } = await cli(["run", "--help"]);
    const port = Number(/--web\.listen-address[\s\S]*?default: ":(\d+)"/.exec(stdout)?.[1]);
    expect(janitor.args?.join(" ")).not.toContain("--web.listen-address");
    expect(janitor.ports).toEqual([{ name: "janitor", containerPort: port }]);
  });

  it("is asked about itself: by its own port, or by healthcheck if that wants a login", () => {
    const exec = { command: ["/nodejs/bin/node", "/app/dist/main.js", "healthcheck"] };
    expect(janitor.livenessProbe).toMatchObject(
      wantsLogin ? { exec } : { httpGet: { path: "/-/healthy", port: "janitor" } },
    );
    expect(readFileSync(join(root, "Dockerfile"), "utf8")).toContain(
      `CMD ${JSON.stringify(exec.command).replaceAll(",", ", ")}`,
    );
  });

  it("has its own readiness, which as a sidecar does not affect its gateway", () => {
    expect(janitor.startupProbe).toBeUndefined();
    const probe = wantsLogin
      ? { tcpSocket: { port: "janitor" } }
      : { httpGet: { path: "/-/ready", port: "janitor" } };
    expect(janitor.readinessProbe).toEqual(isSidecar ? undefined : probe);
  });

  it("as a sidecar stays up without a valid file; otherwise its end shows that", () => {
    expect(flags.includes("--config.wait")).toBe(isSidecar);
  });

  it("runs once, or once for each shard: two would delete the same groups", () => {
    const { object } = [...sourceManifests, ...renderings().flatMap(({ manifests }) => manifests)].find(
      ({ where, object: { kind } }) => `${kind} of ${where}` === workload.where,
    )!;
    const shards = flags.find((flag) => flag.startsWith("--shard="));
    const { replicas } = (object as IStatefulSet).spec!;
    const alone = { spec: { replicas: 1, strategy: { type: "Recreate" } } };
    expect(object).toMatchObject(shards === undefined ? alone : { spec: { replicas } });
    expect(shards).toBe(shards === undefined ? undefined : `--shard=auto/${replicas}`);
  });

  it("starts as it is called, and begins to work", { timeout: 60_000 }, async () => {
    const file = writeConfig(
      "pushgateways: [{ name: g, url: 'http://127.0.0.1:9' }]\nrules: [{ name: r, matchers: [], ttl: 1d }]\n",
    );
    const web = join(testFolder(), "web.yml");
    writeFileSync(web, "{}\n");
    const argv = flags.map((flag) =>
      flag.replace(/^(--config\.file=).*/, `$1${file}`).replace(/^(--web\.config\.file=).*/, `$1${web}`),
    );
    // Of the pod with the ordinal 1.
    const ordinal = "metadata.labels['apps.kubernetes.io/pod-index']";
    const env = (janitor.env ?? []).map(({ name, valueFrom }) => {
      expect(valueFrom?.fieldRef?.fieldPath).toBe(ordinal);
      return [name, "1"];
    });
    const service = await startService(argv, { env: Object.fromEntries(env) as Record<string, string> });
    await service.shows(`"shard":"${workload.where.includes("StatefulSet") ? "1/2" : "0/1"}"`);
  });

  it("as a sidecar starts before the gateway and ends after it", () => {
    expect(janitor.restartPolicy).toBe(isSidecar ? "Always" : undefined);
    expect(containersOf(workload.pod)[0]).toBe(janitor);
  });
});

/** What becomes of a Job when a pod fails: the first rule that matches, or else the failure counts. */
function actionFor(rules: readonly IPodFailurePolicyRule[], failure: number | "DisruptionTarget"): string {
  const rule = rules.find(({ onExitCodes, onPodConditions }) =>
    failure === "DisruptionTarget"
      ? onPodConditions?.some(({ type, status }) => type === failure && status === "True")
      : onExitCodes?.values.includes(failure) === (onExitCodes?.operator === "In"),
  );
  return rule?.action ?? "Count";
}

describe.each(titled(jobs))("the Job of the %s", (_, workload) => {
  const job = workload.job!;
  const janitor = janitorOf(workload);
  const rules = job.podFailurePolicy?.rules ?? [];

  it.each<[string, number | "DisruptionTarget", string]>([
    ["a failure", exitCodes.failed, "Count"],
    ["a wrong configuration", exitCodes.usage, "FailJob"],
    ["a limit that withheld everything", exitCodes.withheld, "FailJob"],
    ["a sweep that is partly done", exitCodes.partial, "Count"],
    ["SIGTERM before there was a report", 143, "Count"],
    ["SIGKILL, as for too much memory", 137, "Count"],
    ["a node that is drained", "DisruptionTarget", "Ignore"],
  ])("answers %s (%s) with %s", (_title, failure, action) => {
    expect(actionFor(rules, failure)).toBe(action);
  });

  it("names only exit codes that the program has", () => {
    const named = rules.flatMap(({ onExitCodes }) => onExitCodes?.values ?? []);
    expect([...Object.values(exitCodes), 130, 143]).toEqual(expect.arrayContaining(named));
  });

  it("has a failure policy that the API server accepts", () => {
    expect(workload.pod.restartPolicy).toBe("Never");
    expect(rules.length).toBeGreaterThan(0);
    for (const { onExitCodes, onPodConditions } of rules) {
      expect([onExitCodes, onPodConditions].filter((on) => on !== undefined)).toHaveLength(1);
    }
    for (const { containerName, values } of rules.flatMap(({ onExitCodes }) => onExitCodes ?? [])) {
      expect(containerName).toBe(janitor.name);
      expect(values).not.toContain(0);
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
    }
    expect(job.podReplacementPolicy).toBe("Failed");
  });

  it("is retried a bounded number of times and ends in time", () => {
    expect(job.backoffLimit).toBe(2);
    expect(job.activeDeadlineSeconds).toBe(600);
  });

  it("goes after a while, and prints no table", () => {
    expect(job.ttlSecondsAfterFinished).toBeGreaterThan(3600);
    expect(janitor.args).toContain("--output=none");
  });
});

const cronJobs = [sourceManifests, ...renderings().map(({ manifests }) => manifests)].flatMap((manifests) =>
  ofKind<ICronJob>(manifests, "CronJob").map(({ spec }) => spec!),
);

describe.each(cronJobs)(
  "a CronJob",
  ({ schedule, concurrencyPolicy, startingDeadlineSeconds, jobTemplate }) => {
    it("never sweeps twice at once, and lets a sweep end before the next is due", () => {
      expect(schedule).toBe("0 * * * *");
      expect(concurrencyPolicy).toBe("Forbid");
      expect(jobTemplate.spec!.activeDeadlineSeconds).toBeLessThan(3600);
    });

    it("is not given up for times that it missed, and has a deadline that Kubernetes can keep", () => {
      // The controller looks every 10 s.
      expect(startingDeadlineSeconds).toBeGreaterThan(10);
    });
  },
);
