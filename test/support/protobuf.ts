/**
 * The few protobuf primitives that the tests need to write Prometheus' `MetricFamily` messages
 * (prometheus/client_model, `metrics.proto`).
 */

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A field of wire type 2: a string, bytes or an embedded message. */
export function bytesField(field: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

export function uintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A `sint32` or `sint64`: small negative numbers stay short (zigzag). */
export function sintField(field: number, value: number): Buffer {
  return uintField(field, value < 0 ? -2 * value - 1 : 2 * value);
}

/** `message` with its length before it, as in a body of `encoding=delimited`. */
export function delimited(message: Uint8Array): Buffer {
  return Buffer.concat([varint(message.length), message]);
}
