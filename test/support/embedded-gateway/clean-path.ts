/**
 * The path as Go's HTTP server wants it: without `.`, `..` and empty segments. A request for another one is answered
 * with a redirect to this one — and so a group whose label value is `..` has the path of another group.
 */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const cleaned = `/${kept.join("/")}`;
  return path.endsWith("/") && kept.length > 0 ? `${cleaned}/` : cleaned;
}
