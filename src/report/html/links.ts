import { formatReportQuery, type ReportQuery } from "../query.ts";

/** Links to other views of the same page; the file that is mailed has none. */
export interface Links {
  readonly query: ReportQuery;
  /** The same view but for `changes`; relative, so that the page may lie under any path. */
  readonly to: (changes: Partial<ReportQuery>) => string;
}

export function createLinks(query: ReportQuery): Links {
  return { query, to: (changes) => formatReportQuery({ ...query, ...changes }) };
}
