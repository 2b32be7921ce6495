import { decodeBase64 } from "./bytes.ts";
import type { GroupingLabels } from "./family.ts";
import { isLabelName, unescapeName } from "./names.ts";

/**
 * Reads the grouping labels from the decoded path behind `/metrics`: `/job/<job>{/<label>/<value>}`, each name with
 * `@base64` if its value is encoded. `undefined`: no route of the gateway; `error`: the text of its 400.
 *
 * The path is split after it was decoded, so `%2F` separates just like `/`. A name that comes twice takes the last
 * value, and `job` always that of the first segment.
 */
export function parseGroupPath(
  path: string,
  utf8Names: boolean,
): { readonly labels: GroupingLabels } | { readonly error: string } | undefined {
  const match = /^\/job(@base64)?\/([^/]+)(?:\/(.*))?$/s.exec(path);
  if (match === null) return undefined;
  const [, encoded, segment = "", rest = ""] = match;

  let job = segment;
  if (encoded !== undefined) {
    const decoded = decodeBase64(segment);
    if ("error" in decoded) {
      return { error: `invalid base64 encoding in job name ${JSON.stringify(segment)}: ${decoded.error}` };
    }
    job = decoded.value;
  }

  const labels = new Map<string, string>();
  const error = readLabels(rest, utf8Names, labels);
  if (error !== undefined) return { error };
  if (job === "") return { error: "job name is required" };
  return { labels: labels.set("job", job) };
}

function readLabels(rest: string, utf8Names: boolean, labels: Map<string, string>): string | undefined {
  if (rest === "") return undefined;
  const parts = rest.split("/");
  if (parts.length % 2 !== 0) return `odd number of components in label string ${JSON.stringify(`/${rest}`)}`;
  for (let index = 0; index < parts.length; index += 2) {
    const [part = "", value = ""] = parts.slice(index, index + 2);
    const written = part.replace(/@base64$/, "");
    const name = utf8Names ? unescapeName(written) : written;
    // The reserved prefix is looked for in the name as written: escaped it passes.
    if (!isLabelName(name, utf8Names) || written.startsWith("__")) {
      return `improper label name ${JSON.stringify(written)}`;
    }
    const decoded = part === written ? { value } : decodeBase64(value);
    if ("error" in decoded) {
      return `invalid base64 encoding for label ${written}=${JSON.stringify(value)}: ${decoded.error}`;
    }
    labels.set(name, decoded.value);
  }
  return undefined;
}
