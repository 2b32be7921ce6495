import type { RequestListener } from "node:http";

import { describe, expect, it } from "vitest";

import type { SweepReport } from "../../src/core/report.ts";
import { Notifier, renderTestMessage, type Receiver } from "../../src/notify/notifier.ts";
import { startChat, type Chat } from "../support/chat.ts";
import { entry, gatewayReport, sweepReport, unreadGateway } from "../support/reports.ts";

const secret = "T0SECRET/B0hunter2-hunter2/onlylettersonlyletters";
const path = `/services/${secret}?token=t0k3n-t0k3n`;

const status =
  (code: number, headers: Record<string, string> = {}, body = "no\n"): RequestListener =>
  (_, response) =>
    void response.writeHead(code, headers).end(body);
const ok = status(200, {}, "ok");
const never: RequestListener = () => {};

function startNotifier(
  url: URL,
  { timeoutSeconds = 5, ...rest }: Partial<Receiver> & { readonly timeoutSeconds?: number } = {},
) {
  const failures: string[] = [];
  const pauses: number[] = [];
  const notifier = new Notifier({
    renderReport: ({ gateways }) => JSON.stringify({ gateways: gateways.map(({ name }) => name) }),
    onSent: (receiver, failure) => void (failure !== null && failures.push(`${receiver}: ${failure}`)),
    wait: (seconds) => {
      pauses.push(seconds);
      return Promise.resolve();
    },
  });
  const receiver: Receiver = {
    name: "notifications[0]",
    on: ["deleted", "withheld", "failed"],
    format: "text",
    connect: () => Promise.resolve({ url, options: { url: url.origin, timeoutSeconds } }),
    ...rest,
  };
  notifier.use([receiver]);
  return {
    notifier,
    receiver,
    failures,
    pauses,
    notify: (report: SweepReport) => notifier.notify(report, { isArchived: true }),
  };
}

const deleted = sweepReport([
  gatewayReport([entry({ verdict: "delete", reason: "ttl_expired" }, { outcome: "gone" })], { name: "a" }),
]);
const failed = sweepReport([unreadGateway("unreachable", { name: "a" })]);
const fine = sweepReport([gatewayReport([], { name: "a" })]);

const textsOf = ({ messages }: Chat): readonly string[] =>
  messages.map((body) => (JSON.parse(body) as { text: string }).text.split("\n")[0] ?? "");

describe("a notification", () => {
  it("is posted to the URL as JSON, query included, and only when something happened", async () => {
    const chat = await startChat(path, ok);
    const { notifier, notify, failures } = startNotifier(chat.url);
    for (const report of [fine, deleted, fine, failed, failed, fine]) {
      notify(report);
      await notifier.close(10);
    }
    expect(failures).toEqual([]);
    expect(chat.paths).toEqual([path, path, path]);
    expect(textsOf(chat)).toEqual([
      "pushgateway-janitor: 1 group deleted",
      "pushgateway-janitor: 1 gateway failed",
      "pushgateway-janitor: 1 gateway recovered",
    ]);
  });

  it("of the format report is the report", async () => {
    const chat = await startChat(path, ok);
    const { notifier, notify } = startNotifier(chat.url, { format: "report" });
    notify(deleted);
    await notifier.close(10);
    expect(chat.messages).toEqual(['{"gateways":["a"]}']);
    expect(renderTestMessage("report", () => "{}")).toBe("{}");
    expect(renderTestMessage("text", () => "")).toContain("this is a test");
  });

  it.each<[string, readonly RequestListener[], number, readonly number[], string | null]>([
    ["passes after a 500", [status(500), ok], 2, [5], null],
    ["is given up after two", [status(500)], 2, [5], "HTTP 500: no (tried twice)"],
    ["waits as a 429 asks", [status(429, { "retry-after": "7" }), ok], 2, [7], null],
    [
      "waits half a minute at most",
      [status(429, { "retry-after": "86400" })],
      2,
      [30],
      "HTTP 429: no (tried twice)",
    ],
    ["waits as a 503 asks", [status(503, { "retry-after": "2" }), ok], 2, [2], null],
    ["is not tried again after a 404", [status(404)], 1, [], "HTTP 404: no; is the url still valid?"],
    [
      "is not tried again after a 400",
      [status(400, {}, "invalid_payload")],
      1,
      [],
      "HTTP 400: invalid_payload",
    ],
    [
      "does not follow a redirect",
      [status(302, { location: `https://elsewhere.example${path}` })],
      1,
      [],
      "HTTP 302, a redirect to https://elsewhere.example, which is not followed: the url must be one that answers itself",
    ],
    [
      "does not show what a redirect repeats of it",
      [status(302, { location: "https://t0k3n-t0k3n.example/login" })],
      1,
      [],
      "HTTP 302, a redirect to https://<secret>.example",
    ],
    [
      "has arrived with a 200, also where the answer never ends",
      [(_, response) => void response.writeHead(200).write("o")],
      1,
      [],
      null,
    ],
    [
      "has arrived with a 200, also where the answer breaks off",
      [
        (_, response) =>
          void response.writeHead(200, { "content-length": "9" }).write("o", () => response.destroy()),
      ],
      1,
      [],
      null,
    ],
    [
      "says its status also where the answer breaks off",
      [
        (_, response) =>
          void response.writeHead(404, { "content-length": "9" }).write("o", () => response.destroy()),
      ],
      1,
      [],
      "HTTP 404; is the url still valid?",
    ],
    [
      "does not show what a receiver repeats of it",
      [status(400, {}, `bad ${path}`)],
      1,
      [],
      "HTTP 400: bad <secret>",
    ],
    [
      "does not show parts of it either",
      [
        status(
          400,
          {},
          `no onlylettersonlyletters, B0hunter2-hunter2, ${Buffer.from("t0k3n-t0k3n").toString("base64")}`,
        ),
      ],
      1,
      [],
      "HTTP 400: no <secret>, <secret>, <secret>",
    ],
    [
      "is tried again after a connection that breaks",
      [(request) => void request.socket.destroy()],
      2,
      [5],
      "the connection was closed before the answer was complete",
    ],
    [
      "needs no more than the start of an answer",
      [
        (_, response) => {
          response.writeHead(200);
          const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
          response.on("close", () => clearInterval(timer));
        },
      ],
      1,
      [],
      null,
    ],
  ])("%s", async (_, answers, requests, pauses, failure) => {
    const chat = await startChat(path, ...answers);
    const started = startNotifier(chat.url, { timeoutSeconds: 2 });
    started.notify(deleted);
    await started.notifier.close(10);
    expect(chat.paths).toHaveLength(requests);
    expect(started.pauses).toEqual(pauses);
    expect(started.failures).toHaveLength(failure === null ? 0 : 1);
    expect(started.failures.join()).toContain(failure ?? "");
    expect(started.failures.join()).not.toMatch(/hunter2|t0k3n|services/);
  });

  it("to a receiver that is slow or down fails in limited time", async () => {
    const slow = await startChat(path, never);
    const one = startNotifier(slow.url, { timeoutSeconds: 0.05 });
    one.notify(deleted);
    await one.notifier.close(10);
    expect(one.failures).toEqual([expect.stringContaining("no answer within 0.05 s")]);
    const down = new URL("http://127.0.0.1:1/services/hunter2-hunter2");
    const other = startNotifier(down);
    other.notify(deleted);
    await other.notifier.close(10);
    expect(other.failures).toEqual([expect.stringContaining("nothing listens there")]);
    expect([...one.failures, ...other.failures].join()).not.toMatch(/hunter2|t0k3n|services/);
  });

  it("does not hold up the end for longer than it may", async () => {
    const chat = await startChat(path, never);
    const { notifier, notify, failures } = startNotifier(chat.url, { timeoutSeconds: 60 });
    notify(deleted);
    notify(deleted);
    const start = performance.now();
    await notifier.close(0.1);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(failures).toEqual(["notifications[0]: interrupted", "notifications[0]: interrupted"]);
  });

  it("that was not delivered says again what has begun, and nothing is said twice to others", async () => {
    const chat = await startChat(path, status(404), ok);
    const { notifier, notify, failures } = startNotifier(chat.url);
    for (const report of [failed, failed, failed]) notify(report);
    await notifier.close(10);
    expect(failures).toHaveLength(1);
    expect(textsOf(chat)).toEqual([
      "pushgateway-janitor: 1 gateway failed",
      "pushgateway-janitor: 1 gateway failed",
    ]);
  });

  it("waits for the one before; of many the oldest are dropped", async () => {
    let release = (): void => {};
    const chat = await startChat(path, (_, response) => void (release = () => response.end("ok")), ok);
    const { notifier, notify, failures } = startNotifier(chat.url);
    notify(deleted);
    await expect.poll(() => chat.messages.length).toBe(1);
    for (const report of [deleted, deleted, fine, deleted, deleted, deleted]) notify(report);
    release();
    await notifier.close(10);
    expect(chat.messages).toHaveLength(4);
    expect(failures).toEqual(
      Array(2).fill("notifications[0]: dropped: the receiver is slower than the sweeps"),
    );
  });

  it("is remembered over a change of the settings", async () => {
    const chat = await startChat(path, ok);
    const { notifier, notify, receiver } = startNotifier(chat.url);
    notify(failed);
    notifier.use([
      { ...receiver, on: ["failed"] },
      { ...receiver, name: "new" },
    ]);
    notify(failed);
    notify(fine);
    await notifier.close(10);
    expect(textsOf(chat).toSorted()).toEqual([
      "pushgateway-janitor: 1 gateway failed",
      "pushgateway-janitor: 1 gateway failed",
      "pushgateway-janitor: 1 gateway recovered",
      "pushgateway-janitor: 1 gateway recovered",
    ]);
  });

  it("whose settings cannot be read says why", async () => {
    const connect = () => Promise.reject(new Error("/etc/hook: there is no such file"));
    const { notifier, notify, failures } = startNotifier(new URL("http://127.0.0.1:1"), { connect });
    notify(deleted);
    await notifier.close(10);
    expect(failures).toEqual(["notifications[0]: /etc/hook: there is no such file"]);
  });
});
