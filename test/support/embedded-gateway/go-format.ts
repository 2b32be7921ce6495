/** Go's ways to print a float64 and a time, where the gateway's answers show them. */

/**
 * As `fmt.Sprint`: the shortest digits that read back the same, with an exponent of at least two digits below 1e-4
 * and from a million on (`1.234567e+06`, but `123456`).
 */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  // JavaScript prints plain decimals from 1e-6 to 1e21, and so all of this range.
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/**
 * RFC 3339 with the fraction that is needed. Microseconds at most: a unix time in a double has no more. `undefined`
 * outside of the years 0 to 9999, which Go refuses to write as JSON.
 */
export function formatTime(unixSeconds: number): string | undefined {
  let seconds = Math.floor(unixSeconds);
  let microseconds = Math.round((unixSeconds - seconds) * 1e6);
  if (microseconds === 1e6) [seconds, microseconds] = [seconds + 1, 0];
  if (!(seconds >= -62_167_219_200 && seconds < 253_402_300_800)) return undefined;
  const fraction = String(microseconds).padStart(6, "0").replace(/0+$/, "");
  const date = new Date(seconds * 1000).toISOString().replace(".000Z", "");
  return `${date}${fraction === "" ? "" : `.${fraction}`}Z`;
}

const JSON_ESCAPES = /[<>&\u2028\u2029]/g;

/** A JSON string as `encoding/json` writes it: safe within HTML, and what is not UTF-8 replaced by U+FFFD. */
export function jsonString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(JSON_ESCAPES, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A JSON object with its keys in order, as `encoding/json` writes a map. The values are JSON already. */
export function jsonObject(members: Iterable<readonly [key: string, json: string]>): string {
  const sorted = [...members].toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${sorted.map(([key, json]) => `${jsonString(key)}:${json}`).join(",")}}`;
}
