import { readFile } from "node:fs/promises";

/** How short names are completed, from resolv.conf. */
export interface SearchList {
  readonly domains: readonly string[];
  /** From so many dots on, a name is first tried as it is. */
  readonly ndots: number;
}

/** No completion: names are looked up as they are. */
export const noSearchList: SearchList = { domains: [], ndots: 1 };

/** The names to try, in order: Node's resolver does not complete them, while in Kubernetes they are mostly written short. */
export function expandName(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith(".")) return [name];
  const completed = domains.map((domain) => `${name}.${domain}`);
  return name.split(".").length - 1 >= ndots ? [name, ...completed] : [...completed, name];
}

/** Of this machine; none if it cannot be read. */
export async function readSearchList(path = "/etc/resolv.conf"): Promise<SearchList> {
  try {
    return parseSearchList(await readFile(path, "utf8"));
  } catch {
    return noSearchList;
  }
}

/** As in resolv.conf(5): the last `search` or `domain` counts. */
export function parseSearchList(text: string): SearchList {
  let { domains, ndots } = noSearchList;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "search") domains = values;
    if (keyword === "domain") domains = values.slice(0, 1);
    if (keyword === "options") ndots = Number(/\bndots:(\d{1,2})\b/.exec(line)?.[1] ?? ndots);
  }
  return {
    domains: domains.map((domain) => domain.replace(/\.$/, "")).filter((domain) => domain !== ""),
    ndots,
  };
}
