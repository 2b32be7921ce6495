import type { IContainer, IPodSpec } from "kubernetes-models/v1";

import { containersOf } from "./objects.ts";

/** Which volumes the profile `restricted` lets a pod have. */
const allowedVolumes = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

/**
 * What the profile `restricted` of the Pod Security Standards has against a pod, the rules of `baseline` included: what
 * admission says in a namespace labelled `pod-security.kubernetes.io/enforce: restricted`.
 */
export function podSecurityProblems(pod: IPodSpec): readonly string[] {
  return [...ofPod(pod), ...containersOf(pod).flatMap((container) => ofContainer(container, pod))];
}

function ofPod(pod: IPodSpec): readonly string[] {
  const { securityContext = {} } = pod;
  return present([
    pod.hostNetwork && "hostNetwork",
    pod.hostPID && "hostPID",
    pod.hostIPC && "hostIPC",
    securityContext.runAsUser === 0 && "runAsUser is root",
    securityContext.runAsNonRoot === false && "runAsNonRoot is off",
    (securityContext.sysctls ?? []).length > 0 && "sysctls",
    isForeign(securityContext) && "options of SELinux, AppArmor or Windows",
    (pod.ephemeralContainers ?? []).length > 0 && "ephemeralContainers are not looked at here",
    ...(pod.volumes ?? []).flatMap(({ name, ...sources }) =>
      Object.keys(sources)
        .filter((source) => !allowedVolumes.has(source))
        .map((source) => `volume ${name}: ${source}`),
    ),
  ]);
}

function ofContainer(container: IContainer, pod: IPodSpec): readonly string[] {
  const { name, ports = [], securityContext: own = {} } = container;
  const seccomp = own.seccompProfile ?? pod.securityContext?.seccompProfile;
  const { drop = [], add = [] } = own.capabilities ?? {};
  const hooks = [
    container.livenessProbe,
    container.readinessProbe,
    container.startupProbe,
    container.lifecycle?.postStart,
    container.lifecycle?.preStop,
  ];
  return present([
    own.privileged && "privileged",
    own.allowPrivilegeEscalation !== false && "allowPrivilegeEscalation is not off",
    (own.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) !== true && "runAsNonRoot is not on",
    own.runAsUser === 0 && "runAsUser is root",
    !["RuntimeDefault", "Localhost"].includes(seccomp?.type ?? "") && "no seccompProfile",
    !drop.includes("ALL") && "does not drop ALL capabilities",
    add.some((capability) => capability !== "NET_BIND_SERVICE") && "adds capabilities",
    (own.procMount ?? "Default") !== "Default" && "procMount",
    isForeign(own) && "options of SELinux, AppArmor or Windows",
    ports.some(({ hostPort }) => (hostPort ?? 0) !== 0) && "hostPort",
    hooks.some((hook) => hook?.httpGet?.host !== undefined || hook?.tcpSocket?.host !== undefined) &&
      "a probe asks another host",
  ]).map((problem) => `container ${name}: ${problem}`);
}

/** The profile allows some of these; ours need none. */
function isForeign(context: {
  seLinuxOptions?: object;
  appArmorProfile?: object;
  windowsOptions?: object;
}): boolean {
  return [context.seLinuxOptions, context.appArmorProfile, context.windowsOptions].some(
    (options) => options !== undefined,
  );
}

function present(problems: readonly (string | false | undefined)[]): readonly string[] {
  return problems.filter((problem) => typeof problem === "string");
}
