import type { SeedFamily, SeedGroup } from "./embedded-gateway/seed.ts";
import {
  END,
  gobBytes,
  gobInt,
  gobMessage,
  gobTime,
  gobUint,
  nextField,
  TYPE,
  TYPE_DEFINITIONS,
} from "./gob.ts";
import { compareBytes, encodeFamily } from "./metric-family.ts";

// A real gateway and the embedded one start from the same descriptions.
export type { SeedFamily, SeedGroup } from "./embedded-gateway/seed.ts";

/**
 * The content of a Pushgateway's `--persistence.file`, so that a real gateway starts with groups of any age. Start
 * it with a long `--persistence.interval`, or it writes over the file.
 */
export function persistenceFile(groups: readonly SeedGroup[]): Buffer {
  const entries = groups.map(encodeGroup);
  const root = Buffer.concat([gobInt(TYPE.root), END, gobUint(groups.length), ...entries]);
  return Buffer.concat([TYPE_DEFINITIONS, gobMessage(root)]);
}

function encodeGroup({ labels, pushTime, failTime = 0, timestamp, metrics = [] }: SeedGroup): Buffer {
  const encode = (family: SeedFamily, time: number): Buffer => {
    const message = gobBytes(encodeFamily(family, labels));
    return Buffer.concat([
      gobBytes(family.name),
      nextField(gobBytes(gobTime(time))),
      nextField(message),
      END,
    ]);
  };
  const pushed = [...metrics, timeGauge("push_time_seconds", "succeeded", pushTime)];
  const families = [
    ...pushed.map((family) => encode(family, timestamp ?? (pushTime || failTime))),
    encode(timeGauge("push_failure_time_seconds", "failed", failTime), timestamp ?? (failTime || pushTime)),
  ];
  const pairs = Object.entries(labels).flat().map(gobBytes);
  return Buffer.concat([
    gobBytes(groupingKey(labels)),
    nextField(Buffer.concat([gobUint(pairs.length / 2), ...pairs])),
    nextField(Buffer.concat([gobUint(families.length), ...families])),
    END,
  ]);
}

function timeGauge(name: string, what: string, value: number): SeedFamily {
  const help = `Last Unix time when changing this group in the Pushgateway ${what}.`;
  return { name, help, type: "gauge", samples: [{ value }] };
}

/** The gateway's map key: names and values in order of name, joined by the byte 0xFF, which no UTF-8 text holds. */
function groupingKey(labels: SeedGroup["labels"]): Buffer {
  const parts = Object.keys(labels)
    .toSorted(compareBytes)
    .flatMap((name) => [name, labels[name]!]);
  return Buffer.concat(
    parts.flatMap((part, index) =>
      index === 0 ? [Buffer.from(part)] : [Buffer.from([255]), Buffer.from(part)],
    ),
  );
}
