import type { Group } from "./group.ts";

/**
 * Says why the janitor cannot delete this group; null if it can.
 * @param consistent whether the gateway can serve `/metrics`, which it could not with a value that is not UTF-8
 */
export function explainObstacle({ obstacle, labels }: Group, consistent: boolean): string | null {
  if (obstacle === null) return null;
  if (obstacle === "unreadable_labels") {
    return "it holds a metric called `labels`, which hides the group's own labels in the API";
  }
  if (obstacle === "over_budget") return "it is larger than the janitor can keep in memory";
  if ((labels.get("job") ?? "") === "")
    return "it has no job, and the gateway refuses every path without one";
  for (const [name, value] of labels) {
    if (name.startsWith("__")) return `its label ${name} begins with __, and the gateway refuses such a path`;
    if (value.includes("\uFFFD")) {
      return consistent
        ? `its label ${name} holds U+FFFD, which may stand for lost bytes; as this gateway is consistent, it does not`
        : `its label ${name} holds U+FFFD: bytes that are not UTF-8 look like that in the API, and are lost there`;
    }
  }
  return "a label has a name that cannot stand in a path";
}
