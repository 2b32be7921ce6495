import { createSocket } from "node:dgram";

import { onTestFinished } from "vitest";

export interface DnsService {
  readonly priority?: number;
  readonly port: number;
  readonly host: string;
}

/** What a name has: records of a type, none, or an answer that is no answer. */
export type DnsAnswer =
  | { readonly SRV: readonly DnsService[] }
  | { readonly A: readonly string[] }
  | { readonly AAAA: readonly string[] }
  | "NXDOMAIN"
  | "SERVFAIL"
  | "REFUSED"
  | "silence";

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** By name, lower case, without a dot at the end; others do not exist. Change it at will. */
  readonly zone: Map<string, DnsAnswer>;
  /** Names as they were asked for. */
  readonly asked: string[];
}

const types = { A: 1, AAAA: 28, SRV: 33 } as const;
const codes = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** A DNS server on a free loopback port, gone with the test. */
export async function startDnsServer(zone: Readonly<Record<string, DnsAnswer>> = {}): Promise<DnsServer> {
  const answers = new Map(Object.entries(zone));
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = readQuestion(query);
    asked.push(name);
    const answer = answers.get(name.toLowerCase()) ?? "NXDOMAIN";
    if (answer === "silence") return;
    const code = typeof answer === "string" ? codes[answer] : 0;
    const records = typeof answer === "string" ? [] : encodeRecords(answer, type);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  onTestFinished(() => void socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, zone: answers, asked };
}

function readQuestion(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Of the type that was asked for; a name may have records of another one. */
function encodeRecords(answer: Exclude<DnsAnswer, string>, type: number): readonly Buffer[] {
  const wanted = "SRV" in answer ? types.SRV : "A" in answer ? types.A : types.AAAA;
  if (wanted !== type) return [];
  if ("SRV" in answer) return answer.SRV.map((service) => encodeRecord(type, encodeService(service)));
  if ("A" in answer) return answer.A.map((ip) => encodeRecord(type, Buffer.from(ip.split(".").map(Number))));
  return answer.AAAA.map((ip) => encodeRecord(type, encodeIpv6(ip)));
}

function encodeRecord(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  // The name is that of the question, at offset 12.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(30, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function encodeService({ priority = 0, port, host }: DnsService): Buffer {
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(priority, 0);
  numbers.writeUInt16BE(port, 4);
  const labels = host.split(".").filter((label) => label !== "");
  const name = labels.map((label) => Buffer.from(`${String.fromCodePoint(label.length)}${label}`, "latin1"));
  return Buffer.concat([numbers, ...name, Buffer.alloc(1)]);
}

/** Written out in full: eight groups. */
function encodeIpv6(ip: string): Buffer {
  const data = Buffer.alloc(16);
  for (const [index, group] of ip.split(":").entries())
    data.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  return data;
}
