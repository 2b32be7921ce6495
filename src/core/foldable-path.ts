/**
 * Where a path holds what URL parsers, proxies or servers fold, so that it would name another one: `.` and `..` as parts, `//`,
 * and whatever stands for a slash; also escaped, once or several times. null: nowhere.
 */
export function findFoldable(path: string): number | null {
  const foldable = /\\|%(?:25)*(?:2f|5c)|\/(?=\/)|\/(?:\.|%(?:25)*2e){1,2}(?=[/;]|$)/i;
  return foldable.exec(path)?.index ?? null;
}
