/**
 * The part of Go's encoding/gob that a Pushgateway's state file is made of: the stream of type definitions comes
 * first, then one value. See https://pkg.go.dev/encoding/gob, "Encoding Details".
 */

/** Ends a struct: the number of the next field, always a delta of at least one, is zero. */
export const END = Buffer.from([0]);

const STRING = 6;

/** An unsigned integer: one byte below 128, else the negated byte count and the big-endian bytes. */
export function gobUint(value: number | bigint): Buffer {
  const number = BigInt(value);
  if (number < 128n) return Buffer.from([Number(number)]);
  const digits = number.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  return Buffer.concat([Buffer.from([256 - bytes.length]), bytes]);
}

/** A signed integer: the sign in the lowest bit. */
export function gobInt(value: number): Buffer {
  const number = BigInt(value);
  return gobUint(number < 0n ? (~number << 1n) | 1n : number << 1n);
}

export function gobBytes(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([gobUint(bytes.length), bytes]);
}

export function gobMessage(content: Uint8Array): Buffer {
  return Buffer.concat([gobUint(content.length), content]);
}

/** Field number delta 1 before a value: in every struct written here no field is left out. */
export function nextField(value: Uint8Array): Buffer {
  return Buffer.concat([gobUint(1), value]);
}

/**
 * A `time.Time` in its binary form: version, seconds since year 1, nanoseconds, zone (−1: UTC). Whole microseconds: a
 * unix time in a double is not more exact than that.
 */
export function gobTime(unixSeconds: number): Buffer {
  const bytes = Buffer.alloc(15);
  const [seconds, microseconds] = splitTime(unixSeconds);
  bytes[0] = 1;
  bytes.writeBigInt64BE(BigInt(seconds) + 62_135_596_800n, 1);
  bytes.writeInt32BE(microseconds * 1000, 9);
  bytes.writeInt16BE(-1, 13);
  return bytes;
}

function splitTime(unixSeconds: number): readonly [seconds: number, microseconds: number] {
  const seconds = Math.floor(unixSeconds);
  const microseconds = Math.round((unixSeconds - seconds) * 1e6);
  return microseconds === 1e6 ? [seconds + 1, 0] : [seconds, microseconds];
}

/** Ids of the types below. Any unused number from 65 on would do. */
export const TYPE = {
  group: 65,
  labels: 66,
  family: 67,
  time: 68,
  message: 69,
  families: 70,
  root: 71,
} as const;

/** Go matches types by structure and fields by name, so these are the names in the gateway's source. */
export const TYPE_DEFINITIONS = Buffer.concat([
  mapType(TYPE.root, "GroupingKeyToMetricGroup", STRING, TYPE.group),
  structType(TYPE.group, "MetricGroup", [
    ["Labels", TYPE.labels],
    ["Metrics", TYPE.families],
  ]),
  mapType(TYPE.labels, "map[string]string", STRING, STRING),
  mapType(TYPE.families, "NameToTimestampedMetricFamilyMap", STRING, TYPE.family),
  structType(TYPE.family, "TimestampedMetricFamily", [
    ["Timestamp", TYPE.time],
    ["GobbableMetricFamily", TYPE.message],
  ]),
  opaqueType(TYPE.time, "Time"),
  opaqueType(TYPE.message, "GobbableMetricFamily"),
]);

function common(name: string, id: number): Buffer {
  return Buffer.concat([nextField(gobBytes(name)), nextField(gobInt(id)), END]);
}

/** `kind` is the position of the field of gob's `wireType` that is set. */
function define(id: number, kind: number, ...fields: readonly Buffer[]): Buffer {
  return gobMessage(Buffer.concat([gobInt(-id), gobUint(kind), ...fields.map(nextField), END, END]));
}

function mapType(id: number, name: string, key: number, element: number): Buffer {
  return define(id, 4, common(name, id), gobInt(key), gobInt(element));
}

function structType(id: number, name: string, fields: readonly (readonly [string, number])[]): Buffer {
  const list = fields.map(([field, type]) =>
    Buffer.concat([nextField(gobBytes(field)), nextField(gobInt(type)), END]),
  );
  return define(id, 3, common(name, id), Buffer.concat([gobUint(fields.length), ...list]));
}

/** A type with an encoding of its own (`GobEncoder`): plain bytes to gob. */
function opaqueType(id: number, name: string): Buffer {
  return define(id, 5, common(name, id));
}
