import { setTimeout as sleep } from "node:timers/promises";
import type { Labels } from "../../core/labels.ts";
import { countOf } from "../../core/printable.ts";
import type { SweepReport } from "../../core/report.ts";
import { countGroups } from "../../core/totals.ts";
import type { PageActions } from "../../report/html/actions.ts";
import { renderPage, type PageState } from "../../report/html/page.ts";
import { renderApiReport, renderQueryProblem } from "../../report/json-report.ts";
import { parseReportQuery, type QueryProblem, type QueryResult } from "../../report/query.ts";
import { selectGroups, type SelectedGroups } from "../../report/select.ts";
import type { BuildInfo, JanitorMetrics } from "../../telemetry/metrics.ts";
import type { ReloadResult } from "../reload.ts";
import type { RequestedSweep, Service } from "../service.ts";
import { createFilters } from "./label-filter.ts";
import type { SweepKind, WebHandlers } from "./routes.ts";

/** Renders the command that puts back a group that was deleted from this gateway. */
type CommandToRestore = (gateway: string, labels: Labels) => string;

interface HandlerParts {
  readonly service: Service;
  readonly metrics: JanitorMetrics;
  readonly reload: (why: string) => Promise<ReloadResult>;
  readonly build: BuildInfo;
  readonly commandToRestore: CommandToRestore;
  readonly enableLifecycle: boolean;
  /** Unix seconds of the local clock. */
  readonly now: () => number;
  /** Aborted once the process has been asked to end. */
  readonly stop: AbortSignal;
}

/** Shows the service to the web server's clients, and passes on what they ask for. */
export function createWebHandlers(parts: HandlerParts): WebHandlers {
  const { service, metrics, reload, enableLifecycle, now, stop } = parts;
  const prepareFilter = createFilters();
  let rendering: Promise<string> | null = null;
  let lastAction: PageActions["last"] = null;

  return {
    metrics: async () => {
      rendering ??= metrics.render().finally(() => (rendering = null));
      return { contentType: metrics.contentType, body: await rendering };
    },
    ready: () => !stop.aborted && !service.waits,
    reload: () => reload("asked for over HTTP"),
    async sweep(kind, isForPage) {
      const answer = (kind === "sweep" ? service.sweep() : service.dryRun()).then((result) => {
        const { status, message, summary } = describeResult(service, kind, result);
        if (isForPage) lastAction = { at: now(), isDone: result.ran, message: summary };
        return { status, message };
      });
      if (!isForPage) return answer;
      return Promise.race([
        answer,
        sleep(pagePatienceMs, { status: 202, message: "under way" }, { ref: false }),
      ]);
    },
    group: (query) => service.groupText(query.get("gateway") ?? "", query.get("key") ?? ""),
    configText: () => service.configText(),
    async report(parameters, client) {
      const { known } = service.state();
      const result = parseReportQuery(parameters);
      const selected = await select(known, result, client);
      if (isProblem(selected)) return { status: statusOf(selected), body: renderQueryProblem(selected) };
      if (known === null || selected === null) {
        const message = "no gateway has been read yet";
        return { status: 503, body: `${JSON.stringify({ error: { code: "no_report", message } })}\n` };
      }
      return { status: 200, body: later(() => renderApiReport(known, result.query, selected())) };
    },
    async page(parameters, client, nonce) {
      const { isSweeping } = service.state();
      const actions = enableLifecycle ? { isSweeping, last: lastAction } : null;
      const state = pageState(parts, actions);
      const result = parseReportQuery(parameters);
      const selected = await select(state.report, result, client);
      const render = () =>
        renderPage(state, result.query, typeof selected === "function" ? selected() : selected, nonce);
      return { status: isProblem(selected) ? statusOf(selected) : 200, body: later(render) };
    },
  };

  /** The groups that a query selects, or why they cannot be; null: no gateway has been read yet. */
  async function select(known: SweepReport | null, result: QueryResult, client: string): Promise<Selecting> {
    if (!result.ok) return result.problem;
    if (known === null) return null;
    const { query } = result;
    const filter = await prepareFilter(known, query, client);
    return typeof filter === "function" ? () => selectGroups(known, query, filter) : filter;
  }
}

type Selecting = (() => SelectedGroups) | QueryProblem | null;

function isProblem(selected: Selecting): selected is QueryProblem {
  return selected !== null && typeof selected !== "function";
}

function statusOf({ code }: QueryProblem): number {
  return code === "bad_query" ? 400 : 503;
}

/** Starts to render with the first part. */
function* later(render: () => Iterable<string>): Generator<string> {
  yield* render();
}

function pageState(
  { service, build, commandToRestore, now }: HandlerParts,
  actions: PageActions | null,
): PageState {
  const { config, known, ...state } = service.state();
  const unarchived = new Set(
    state.gateways.flatMap(({ name, source }) =>
      config.archive === null || source === "exposition" ? [name] : [],
    ),
  );
  return {
    ...state,
    actions,
    report: known,
    restoreCommand: ({ gateway, labels }) =>
      unarchived.has(gateway) ? null : commandToRestore(gateway, labels),
    now: now(),
    schedule: config.schedule,
    timezone: config.timezone,
    rules: config.rules,
    version: build.version,
  };
}

/** How long the page waits for the end of what was asked for; then it says that it is under way. */
const pagePatienceMs = 10_000;

const skipWords: Readonly<Record<Extract<RequestedSweep, { ran: false }>["reason"], string>> = {
  already_running: "a sweep is under way",
  missed: "it was missed",
  stopping: "the janitor is stopping",
  internal: "a bug in the janitor, see its log",
  no_configuration: "there is no valid configuration",
};

/** @returns status and message for programs, a summary for people */
function describeResult(
  service: Service,
  kind: SweepKind,
  result: RequestedSweep,
): { readonly status: number; readonly message: string; readonly summary: string } {
  if (!result.ran) {
    const { reason } = result;
    const status = reason === "already_running" ? 409 : reason === "internal" ? 500 : 503;
    return {
      status,
      message: `no ${kind}: ${reason}`,
      summary: `Nothing was started: ${skipWords[reason]}.`,
    };
  }
  if (service.state().gatewaysOfAllShards === 0) {
    const message = "no gateway is known: see the log";
    return { status: 502, message, summary: message };
  }
  const { gateways, dryRun } = result.report;
  const lines = gateways.map(({ name, status, error }) => `${name}: ${error?.message ?? status}`);
  const { verdicts, deleted } = countGroups(gateways.flatMap(({ entries }) => entries));
  const unread = gateways.filter(({ status }) => status === "failed").length;
  const summary = [
    dryRun
      ? `Dry run: ${countOf(verdicts.delete, "group")} to delete`
      : `Sweep: ${countOf(deleted, "group")} deleted`,
    `${verdicts.withhold} withheld`,
    `${verdicts.keep} kept`,
    ...(unread === 0 ? [] : [`${countOf(unread, "gateway")} not readable`]),
  ].join(", ");
  return {
    status: gateways.every(({ status }) => status === "ok") ? 200 : 502,
    message: lines.join("\n"),
    summary: `${summary}.`,
  };
}
