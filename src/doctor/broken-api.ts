import { failureTimeName } from "../core/group.ts";
import type { Labels } from "../core/labels.ts";
import { countOf } from "../core/printable.ts";
import { isShortened } from "../gateway/budget.ts";
import type { HttpClient } from "../http/client.ts";
import { readPushTimes, type PushTimes } from "../gateway/exposition/push-times.ts";
import { parseLabels } from "../gateway/exposition/read-samples.ts";
import { RequestError } from "../http/request-error.ts";
import { groupPath, type PathNaming } from "../gateway/group-path.ts";
import type { GatewayInfo } from "../gateway/status.ts";
import { findDeletions, spellLabels, type Culprit } from "./culprit.ts";
import type { DiagnoseOptions, ExpositionState, Finding, GatewayFault } from "./diagnosis.ts";

/**
 * Whether a second read of the API ends without an answer, too, so that the first was no accident. Cheap: a gateway that
 * panics does so before it has built an answer.
 */
export async function closesConnection(client: HttpClient, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await client.open({ method: "GET", path: "/api/v1/metrics", signal });
    response.close();
    return false;
  } catch (error) {
    return toFault(error).code === "no_answer";
  }
}

/** Names the group that breaks the API, as far as `/metrics` shows it. */
export async function findBreaker(
  { client, clock, signal }: DiagnoseOptions,
  { expositionPath, utf8Names }: Pick<GatewayInfo, "expositionPath" | "utf8Names">,
  exposition: ExpositionState,
): Promise<Finding> {
  const symptom = "GET /api/v1/metrics: the connection is closed without an answer";
  const finding = { reason: "empty_family", family: failureTimeName } as const;
  const nameless = (why: string): Finding => {
    return { ...finding, evidence: symptom, sides: [], deletions: [], why };
  };
  if (exposition.state !== "consistent") {
    return nameless(
      "/metrics has to answer before the group that breaks the API can be named: heal it first",
    );
  }
  const breakers = await readPushTimes(client, clock, { path: expositionPath, wanted: null, signal }).then(
    (times) => findApiBreakers(times, { utf8Names }),
    (error: unknown) => (toFault(error), []),
  );
  const [newest, ...others] = breakers;
  if (newest === undefined) {
    return nameless("no group in /metrics lacks its push_failure_time_seconds, so none can be named");
  }
  const more =
    others.length === 0
      ? ""
      : `; ${countOf(others.length, "older group")} without it will be examined if the API stays broken`;
  const evidence = `${symptom}; this group has no push_failure_time_seconds in /metrics${more}`;
  return {
    ...finding,
    evidence,
    sides: [[newest]],
    deletions: findDeletions([[newest]]),
    why: "no path names it",
  };
}

/**
 * The groups that may be breaking the API, as the exposition shows them; the newest first.
 *
 * A `push_failure_time_seconds` without samples makes every GET of the API panic. The exposition shows such a group
 * with a success time and no failure time. Two other kinds of groups appear the same and are harmless:
 * - a group that forged its failure time with labels of its own: no other group has these samples, so it is left out;
 * - a group restored from the state of a gateway before 0.10, which had no failure times, and not pushed since. It is
 *   older than every group that an empty family was pushed to. Deleting the newest first, and stopping as soon as the
 *   API answers, never reaches it.
 * A group over its budget cannot be named.
 */
export function findApiBreakers({ success, failure }: PushTimes, naming: PathNaming): readonly Culprit[] {
  const strays = [...failure.keys()].filter((key) => !success.has(key) && !isShortened(key)).map(parseLabels);
  return [...success]
    .filter(([key]) => !failure.has(key) && !isShortened(key))
    .toSorted(([a, aPushedAt], [b, bPushedAt]) => (bPushedAt ?? 0) - (aPushedAt ?? 0) || (a < b ? -1 : 1))
    .map(([key, pushedAt]) => ({ labels: parseLabels(key), pushedAt }))
    .filter(({ labels }) => !strays.some((stray) => isWithin(labels, stray)))
    .map(({ labels, pushedAt }) => {
      const spellings = spellLabels(labels);
      const paths = spellings.map((one) => groupPath(one, naming)).filter((path) => path !== null);
      const [own = labels] = spellings;
      return {
        labels: own,
        paths,
        isNamed: !naming.utf8Names,
        lastSuccessAt: pushedAt,
        lastFailureAt: null,
        series: null,
      };
    });
}

function isWithin(labels: Labels, others: Labels): boolean {
  return [...labels].every(
    ([name, value]) => others.get(name) === value || (name === "instance" && value === ""),
  );
}

/** @throws the error itself if it is no fault of the gateway: an interruption, or a bug */
export function toFault(error: unknown): GatewayFault {
  if (!(error instanceof RequestError) || error.code === "aborted") throw error;
  return { code: error.code, message: error.message };
}
