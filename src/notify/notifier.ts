import type { SweepReport } from "../core/report.ts";
import { deliver, type DeliveryOptions } from "./deliver.ts";
import { renderText, testText, type TextFacts } from "./message-text.ts";
import { findNews, type KnownConditions, type SweepEvent } from "./news.ts";

/** One entry of `notifications`. */
export interface Receiver extends Pick<DeliveryOptions, "connect"> {
  /** For logs and metrics: without the URL, which is a secret. */
  readonly name: string;
  readonly on: readonly SweepEvent[];
  readonly format: "text" | "report";
}

interface NotifierOptions extends Pick<DeliveryOptions, "wait"> {
  /** The body of the format `report`. */
  readonly renderReport: (report: SweepReport) => string;
  /** A message was delivered, or was given up. @param failure why, for people, without secrets; null: it was delivered */
  readonly onSent: (receiver: string, failure: string | null) => void;
}

/** Reports that wait for their receiver, at most: each may be large. */
const maxWaiting = 3;

/** A receiver, the conditions that it knows of, and the reports that wait for it. */
interface Lane {
  receiver: Receiver;
  known: KnownConditions;
  readonly waiting: { readonly report: SweepReport; readonly isArchived: boolean }[];
  /** Resolves when nothing waits any more. */
  sent: Promise<void>;
}

/** Sends messages about sweeps, to each receiver one at a time. Sweeps never wait for it. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #end = new AbortController();
  #lanes: ReadonlyMap<string, Lane> = new Map();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** The receivers from now on. Those that stay still know what they had messages about. */
  use(receivers: readonly Receiver[]): void {
    this.#lanes = new Map(
      receivers.map((receiver) => {
        const lane = this.#lanes.get(receiver.name);
        if (lane !== undefined) lane.receiver = receiver;
        return [receiver.name, lane ?? { receiver, known: new Map(), waiting: [], sent: Promise.resolve() }];
      }),
    );
  }

  /** Sends the news of a sweep to every receiver that wants them; returns at once. */
  notify(report: SweepReport, { isArchived }: Pick<TextFacts, "isArchived">): void {
    for (const lane of this.#lanes.values()) {
      lane.waiting.push({ report, isArchived });
      if (lane.waiting.length > maxWaiting) this.#drop(lane);
      lane.sent = lane.sent.then(() => this.#sendNext(lane));
    }
  }

  /** Resolves when all messages are sent or given up, after `seconds` at the latest. */
  async close(seconds: number): Promise<void> {
    const timer = setTimeout(() => this.#end.abort(), seconds * 1000);
    await Promise.all([...this.#lanes.values()].map(({ sent }) => sent));
    clearTimeout(timer);
  }

  #drop({ receiver: { name, on }, known, waiting }: Lane): void {
    const dropped = waiting.shift();
    if (dropped === undefined || findNews(dropped.report, on, known).news.length === 0) return;
    this.#options.onSent(name, "dropped: the receiver is slower than the sweeps");
  }

  /** Never rejects: a bug in it must not end the process. */
  async #sendNext(lane: Lane): Promise<void> {
    const next = lane.waiting.shift();
    if (next === undefined) return;
    const { report, isArchived } = next;
    const { receiver } = lane;
    try {
      const { news, known } = findNews(report, receiver.on, lane.known);
      if (news.length > 0) {
        const text = () => textBody(renderText(news, { dryRun: report.dryRun, isArchived }));
        const body = receiver.format === "report" ? this.#options.renderReport(report) : text();
        const failure = await deliver(body, { ...receiver, ...this.#options, signal: this.#end.signal });
        this.#options.onSent(receiver.name, failure);
        // `known` is unchanged: the next message says again what has begun or ended.
        if (failure !== null) return;
      }
      lane.known = known;
    } catch (error) {
      // Its message might hold the URL.
      const name = error instanceof Error ? error.name : "unknown";
      this.#options.onSent(receiver.name, `internal error (${name}), please report it`);
    }
  }
}

/** As Slack, Mattermost, Rocket.Chat and Google Chat take it. */
function textBody(text: string): string {
  return JSON.stringify({ text });
}

/** The body of a test message. */
export function renderTestMessage(
  format: Receiver["format"],
  renderReport: NotifierOptions["renderReport"],
): string {
  const nothing = { startedAt: 0, finishedAt: 0, dryRun: true, rules: [], gateways: [] };
  return format === "report" ? renderReport(nothing) : textBody(testText);
}
