import { quote } from "../core/labels.ts";
import { ParseError } from "../core/errors.ts";
import { didYouMean } from "./file/did-you-mean.ts";

/** @throws {@link ParseError} unless `text` is the IANA name of a time zone */
export function parseTimezone(text: string): string {
  // Newer Nodes take offsets, too; a schedule in one would not follow the clocks of any place.
  if (/^[+-]/.test(text) || !isTimezone(text)) {
    const hint = didYouMean(text, Intl.supportedValuesOf("timeZone")) || ": write a name like Europe/Berlin";
    throw new ParseError(`${quote(text)} is not a time zone${hint}`);
  }
  return text;
}

function isTimezone(text: string): boolean {
  // The default; to look it up takes longer than to read the rest of the file.
  if (text === "UTC") return true;
  try {
    createFormat(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the clocks there change within a year. */
export function changesClocks(timezone: string): boolean {
  return timezone !== "UTC" && offsetsOf(timezone).size > 1;
}

/** Zones whose clocks never change, by the minutes that they are off full hours. */
const steadyTimezones: ReadonlyMap<string, string> = new Map([
  ["30", "Asia/Kolkata"],
  ["45", "Asia/Kathmandu"],
]);

/**
 * A time zone that shows the same minutes as this one, and whose clocks never change. UTC where the change itself is no full
 * hour, on Lord Howe Island.
 */
export function steadyTimezone(timezone: string): string {
  if (timezone === "UTC") return timezone;
  const minutes = new Set([...offsetsOf(timezone)].map((offset) => /:(\d\d)$/.exec(offset)?.[1] ?? "00"));
  const [only = "00"] = minutes;
  return (minutes.size === 1 ? steadyTimezones.get(only) : undefined) ?? "UTC";
}

/** `GMT`, `GMT+01:00`: those that hold there in the course of a year. */
function offsetsOf(timezone: string): ReadonlySet<string> {
  const format = createFormat(timezone);
  // Any year that the zone's present rules reach into, so that no clock is needed here.
  const offsets = Array.from({ length: 12 }, (_, month) => {
    const parts = format.formatToParts(new Date(Date.UTC(2030, month, 1)));
    return parts.find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  });
  return new Set(offsets);
}

function createFormat(timezone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" });
}
