// Hosts that come and go, like autoscaled machines and CI runners. Each pushes its progress for as long as it lives,
// and then disappears without notice. Two hosts stay.
//
// As in a cloud, /targets lists the hosts that exist, for Prometheus' HTTP service discovery. /metrics is the
// exporter of all of them.
//
// Environment variables: LISTEN, PUSHGATEWAY, PUSH_EVERY, HOST_EVERY, HOST_LIVES.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const {
  LISTEN = "127.0.0.1:9100",
  PUSHGATEWAY = "http://localhost:9091",
  PUSH_EVERY = "5s",
  HOST_EVERY = "20s",
  HOST_LIVES = "45s",
} = process.env;

/** Milliseconds of "5s" or "500ms". */
function duration(text) {
  const [, number, unit] = /^(\d+)(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`${text} is not a duration like 5s or 500ms`);
  return Number(number) * (unit === "s" ? 1000 : 1);
}

async function push(host, jobsDone) {
  const url = `${PUSHGATEWAY}/metrics/job/batch/instance/${host}`;
  const body = `# TYPE batch_jobs_done gauge\nbatch_jobs_done ${jobsDone}\n`;
  const { status } = await fetch(url, { method: "PUT", body });
  if (status >= 300) throw new Error(`status ${status}`);
}

const living = new Set();

async function live(host, lifeMs) {
  const end = performance.now() + lifeMs;
  living.add(host);
  console.log(`${host} appears`);
  for (let jobsDone = 1; performance.now() < end; jobsDone += 1) {
    await push(host, jobsDone).catch((error) => console.error(`${host} cannot push: ${error.message}`));
    await sleep(duration(PUSH_EVERY));
  }
  living.delete(host);
  console.log(`${host} vanishes`);
}

const server = createServer((request, response) => {
  const targets = [...living].map((host) => ({
    targets: [request.headers.host],
    labels: { instance: host },
  }));
  const isDiscovery = request.url === "/targets";
  response.setHeader("Content-Type", isDiscovery ? "application/json" : "text/plain; version=0.0.4");
  response.end(isDiscovery ? JSON.stringify(targets) : "# TYPE host_up gauge\nhost_up 1\n");
});
const [address, port] = LISTEN.split(":");
server.listen(Number(port), address, () => console.log(`listens on ${address}:${server.address().port}`));

void live("database", Infinity);
void live("mailer", Infinity);
for (let number = 1; ; number += 1) {
  void live(`runner-${number}`, duration(HOST_LIVES));
  await sleep(duration(HOST_EVERY));
}
