// Hosts that come and go, like autoscaled machines and CI runners. Each pushes its progress for as long as it lives,
// and then disappears without notice. Two hosts stay.
//
// Environment variables: PUSHGATEWAY, PUSH_EVERY, HOST_EVERY, HOST_LIVES.
import { setTimeout as sleep } from "node:timers/promises";

const {
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

async function live(host, lifeMs) {
  const end = performance.now() + lifeMs;
  console.log(`${host} appears`);
  for (let jobsDone = 1; performance.now() < end; jobsDone += 1) {
    await push(host, jobsDone).catch((error) => console.error(`${host} cannot push: ${error.message}`));
    await sleep(duration(PUSH_EVERY));
  }
  console.log(`${host} vanishes`);
}

void live("database", Infinity);
void live("mailer", Infinity);
for (let number = 1; ; number += 1) {
  void live(`runner-${number}`, duration(HOST_LIVES));
  await sleep(duration(HOST_EVERY));
}
