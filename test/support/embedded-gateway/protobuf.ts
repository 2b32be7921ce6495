import { decodeBytes } from "./bytes.ts";
import type { Family, FamilyType, LabelPairs, Sample } from "./family.ts";

/** `enum MetricType` and, beside each, the field of `message Metric` with its value. (client_model, metrics.proto) */
const TYPES: readonly (readonly [type: FamilyType, field: number])[] = [
  ["counter", 3],
  ["gauge", 2],
  ["summary", 4],
  ["untyped", 5],
  ["histogram", 7],
];

const EMPTY = Buffer.alloc(0);

/** Fields by number, in the order of the message: numbers as they are, all else as bytes. */
type Message = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** The families of a push with `encoding=delimited`. Unlike the text format it can hold families without samples. */
export function parseProtobuf(
  body: Buffer,
): { readonly families: readonly Family[] } | { readonly error: string } {
  try {
    const families = new Map<string, Family>();
    for (let at = 0; at < body.length;) {
      const length = readVarint(body, at);
      const end = length.next + length.value;
      const family = decodeFamily(decodeMessage(slice(body, length.next, end)));
      families.set(family.name, family);
      at = end;
    }
    return { families: [...families.values()] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { error: "unexpected EOF" };
  }
}

function decodeFamily(message: Message): Family {
  const [type] = TYPES[Number(message.get(3)?.[0] ?? 0)] ?? ["untyped"];
  const metrics = (message.get(4) ?? []).map((bytes) => decodeMessage(bytes as Buffer));
  return {
    name: text(message, 1),
    help: message.has(2) ? text(message, 2) : undefined,
    type,
    samples: metrics.map((metric) => decodeSample(metric, type)),
    timestamped: metrics.some((metric) => metric.has(6)),
  };
}

function decodeSample(metric: Message, familyType: FamilyType): Sample {
  const [type, field] = TYPES.find(([, field]) => metric.has(field)) ?? [familyType, 0];
  const labels: LabelPairs = submessages(metric, 1).map((pair) => [text(pair, 1), text(pair, 2)]);
  const value = submessages(metric, field)[0] ?? new Map();
  const count = Number(value.get(1)?.[0] ?? 0);
  const sum = double(value, 2);
  const parts = submessages(value, 3);
  switch (type) {
    case "summary":
      return { type, labels, count, sum, quantiles: parts.map((part) => [double(part, 1), double(part, 2)]) };
    case "histogram":
      return {
        type,
        labels,
        count,
        sum,
        buckets: parts.map((part) => [double(part, 2), Number(part.get(1)?.[0] ?? 0)]),
      };
    default:
      return { type, labels, value: double(value, 1) };
  }
}

function submessages(message: Message, field: number): readonly Message[] {
  return (message.get(field) ?? []).map((bytes) => decodeMessage(bytes as Buffer));
}

function text(message: Message, field: number): string {
  return decodeBytes((message.get(field)?.at(-1) as Buffer | undefined) ?? EMPTY);
}

function double(message: Message, field: number): number {
  const bytes = message.get(field)?.at(-1);
  return Buffer.isBuffer(bytes) ? bytes.readDoubleLE() : 0;
}

function decodeMessage(bytes: Buffer): Message {
  const fields = new Map<number, (number | Buffer)[]>();
  for (let at = 0; at < bytes.length;) {
    const tag = readVarint(bytes, at);
    const varint = [0, 2].includes(tag.value % 8)
      ? readVarint(bytes, tag.next)
      : { value: 0, next: tag.next };
    const length = [0, 8, varint.value, 0, 0, 4][tag.value % 8] ?? 0;
    const field = Math.floor(tag.value / 8);
    const content = slice(bytes, varint.next, varint.next + length);
    fields.set(field, [...(fields.get(field) ?? []), tag.value % 8 === 0 ? varint.value : content]);
    at = varint.next + length;
  }
  return fields;
}

function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let at = from; ; at += 1) {
    const byte = bytes.readUInt8(at);
    value += (byte % 128) * 2 ** (7 * (at - from));
    if (byte < 128) return { value, next: at + 1 };
  }
}

function slice(bytes: Buffer, from: number, to: number): Buffer {
  if (to > bytes.length) throw new RangeError("the message ends too early");
  return bytes.subarray(from, to);
}
