import { ageBounds, countAges, countAgesByJob, type Ages, type JobAges } from "../core/ages.ts";
import { Columns } from "../core/columns.ts";
import { formatAge } from "../core/duration.ts";
import type { ReportEntry, SweepReport } from "../core/report.ts";
import { byteOrderMark, renderCsvLine } from "./csv.ts";
import { selectEntries, type PrintSelection } from "./select.ts";
import { createStyle, escapeText, showText } from "./text.ts";
import { hiddenLabels, wholeAge } from "./view.ts";

const histogramTitles = [...ageBounds.map((name) => `<${name}`), ">1y"];
const heights = "▁▂▃▄▅▆▇█";
const histogramFields = [...ageBounds.map((name) => `up_to_${name}`), "older"];

export interface AgesOptions {
  /** Of the terminal; lines are cut to fit. null: nothing is cut. */
  readonly columns: number | null;
  readonly color: boolean;
  /** Without the lines of groups or jobs. */
  readonly summary?: boolean;
  readonly selection?: PrintSelection;
}

/** The ages of each job, and how many groups are older than a TTL might be. */
export function* renderAges(
  all: readonly ReportEntry[],
  { columns: maxWidth, color, summary = false, selection = {} }: AgesOptions,
): Generator<string> {
  const { dim } = createStyle(color);
  const entries = selectEntries(all, { match: selection.match });
  const total = countAges(entries);
  const jobs = summary ? [] : countAgesByJob(entries);
  const printed = jobs.slice(0, selection.limit);
  const rows = printed.map((ages) => cellsOf(ages, ages.job ?? hiddenLabels));
  if (jobs.length !== 1) rows.push(cellsOf(total, "(all)"));
  const titles = ["GROUPS", "YOUNGEST", "MEDIAN", "OLDEST", histogramTitles.join(" "), "JOB"];
  const columns = new Columns({ titles, numbers: [0, 1, 2, 3], maxWidth });
  for (const row of rows) columns.measure(row);
  yield* ["", dim(columns.renderTitles()), ...rows.map((row) => columns.render(row)), ""];
  if (printed.length < jobs.length) yield dim(`${printed.length} of ${jobs.length} jobs shown`);
  let younger = 0;
  const older = ageBounds.map((bound, index) => {
    younger += total.histogram[index] ?? 0;
    return `${bound}: ${total.groups - total.unknown - younger}`;
  });
  yield `Groups older than ${older.join(", ")}`;
  if (total.unknown > 0) yield `Groups of unknown age: ${total.unknown}`;
}

function cellsOf({ groups, histogram, ...ages }: Ages, job: string): readonly string[] {
  const most = Math.max(...histogram);
  const bars = histogramTitles.map((title, index) => {
    const count = histogram[index] ?? 0;
    return (count === 0 ? "·" : (heights[Math.ceil((count / most) * 8) - 1] ?? "")).repeat(title.length);
  });
  const shown = [ages.youngestSeconds, ages.medianSeconds, ages.oldestSeconds].map((age) =>
    age === null ? "?" : formatAge(age),
  );
  return [String(groups), ...shown, bars.join(" "), showText(job)];
}

/** The ages of one job for programs: rounded as the ages of groups. */
export function ageFields({ job, groups, unknown, histogram, ...ages }: JobAges) {
  const counts = histogram.map((count, index) => [histogramFields[index] ?? "", count]);
  return {
    job,
    groups,
    unknown,
    youngest_seconds: wholeAge(ages.youngestSeconds),
    median_seconds: wholeAge(ages.medianSeconds),
    oldest_seconds: wholeAge(ages.oldestSeconds),
    ...(Object.fromEntries(counts) as Record<string, number>),
  };
}

/** One line per job; see {@link renderCsv}. */
export function* renderAgesCsv(report: SweepReport, { match }: PrintSelection = {}): Generator<string> {
  const columns = Object.keys(ageFields({ job: null, ...countAges([]) }));
  yield byteOrderMark + renderCsvLine(["gateway", ...columns]);
  for (const { name, entries } of report.gateways) {
    for (const ages of countAgesByJob(selectEntries(entries, { match }))) {
      const job = ages.job === null ? null : escapeText(ages.job);
      yield renderCsvLine([escapeText(name), ...Object.values(ageFields({ ...ages, job }))]);
    }
  }
}
