import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { blocksOf } from "../docs/pages.ts";
import { installedGateways } from "../support/installed-gateways.ts";
import { projectRoot } from "../support/project-root.ts";
import { findProgram } from "../support/unpacked-program.ts";

const nspawn = findProgram("systemd-nspawn", "bin/systemd-nspawn");

/** What `npm prefix --global` says there. */
const prefix = "/opt/node";

const checkUnit = `[Unit]
DefaultDependencies=no
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
StandardOutput=file:/check.out
StandardError=file:/check.out
ExecStart=/bin/sh /check.sh
`;

/**
 * Boots systemd on a copy of this machine's files that nobody else sees and that is forgotten, without network, and runs a script as
 * its only service.
 * @returns what the script printed, and the log of the boot; null: this machine cannot do that
 */
function boot(script: string): string | null {
  if (nspawn === null || process.getuid?.() !== 0 || !existsSync("/sbin/init")) return null;
  const folder = mkdtempSync(join(tmpdir(), "boot-"));
  mkdirSync(join(folder, "files/etc/systemd/system"), { recursive: true });
  writeFileSync(join(folder, "files/check.sh"), script);
  writeFileSync(join(folder, "files/etc/systemd/system/check.service"), checkUnit);
  const binds = {
    [process.execPath]: `${prefix}/bin/node`,
    [projectRoot]: `${prefix}/lib/node_modules/pushgateway-janitor`,
    [installedGateways.at(-1)!.binary]: "/opt/pushgateway",
  };
  const bound = Object.entries(binds).map(([from, to]) => `--bind-ro=${from}:${to}`);
  const run = `set -e
    cd ${folder}; mkdir scratch root; mount -t tmpfs tmpfs scratch; mkdir scratch/upper scratch/work
    mount -t overlay overlay -o lowerdir=/,upperdir=scratch/upper,workdir=scratch/work root
    cp -r files/. root/
    timeout 60 ${nspawn.binary} --quiet --register=no --keep-unit --private-network --directory=root --boot ${bound.join(" ")} \
      systemd.unit=check.service </dev/null >boot.log 2>&1 || cat boot.log
    cat root/check.out`;
  const env = { ...process.env, ...nspawn.env };
  const { status, stdout } = spawnSync("unshare", ["--mount", "sh", "-c", run], {
    encoding: "utf8",
    env,
    timeout: 80_000,
  });
  rmSync(folder, { recursive: true });
  return status === 0 ? stdout : null;
}

const canBoot = boot("echo it boots")?.includes("it boots") === true;

const [installing = "", starting = "", textfile = ""] = blocksOf("docs/one-machine.md", "sh");
const [startService = "", startTimer = ""] = starting.trim().split("\n");

const janitorYml = `schedule: "* * * * * *"
pushgateways: [{ name: g, url: "http://127.0.0.1:9091" }]
archive: { dir: /var/lib/pushgateway-janitor }
limits: { max_outage: 0s, max_delete_ratio: 1 }
rules: [{ name: all, matchers: [], ttl: 1s }]
`;

/** Each part of the script begins a section of the output. */
const script = `
until_true() { for _ in $(seq 40); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "never true: $*"; systemctl status pushgateway-janitor; exit 1; }
ask() { node -e 'fetch(process.argv[1], { method: process.argv[2] }).then((r) => r.text()).then(console.log)' "$@"; }
answers() { ask "$1" | grep -q "$2"; }
deleted() { pushgateway-janitor archive list /var/lib/pushgateway-janitor | grep -q old; }
fails() { systemctl is-failed --quiet "$1"; }
mkdir -p /opt/stub /etc/pushgateway-janitor /var/lib/prometheus/node-exporter
printf '#!/bin/sh\\n[ "$1" != prefix ] || echo ${prefix}\\n' >/opt/stub/npm; chmod +x /opt/stub/npm
PATH=/opt/stub:${prefix}/bin:$PATH; cd ${prefix}/lib/node_modules/pushgateway-janitor
# npm makes the program itself executable.
printf '#!/usr/bin/env node\nimport("${prefix}/lib/node_modules/pushgateway-janitor/dist/main.js")\n' >${prefix}/bin/pushgateway-janitor
chmod +x ${prefix}/bin/pushgateway-janitor
cat >/etc/pushgateway-janitor/janitor.yml <<'END'
${janitorYml}END
/opt/pushgateway --web.listen-address=127.0.0.1:9091 >/dev/null 2>&1 &
until_true answers http://127.0.0.1:9091/-/ready OK
ask http://127.0.0.1:9091/metrics/job/old PUT
${installing}
echo "== runs"
${startService}
systemctl is-enabled pushgateway-janitor
until_true deleted
pushgateway-janitor archive list /var/lib/pushgateway-janitor
grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/$(systemctl show --property=MainPID --value pushgateway-janitor)/status
echo "== reloads"
sed -i 's/ttl: 1s/ttl: 7s/' /etc/pushgateway-janitor/janitor.yml; systemctl reload pushgateway-janitor
until_true answers http://127.0.0.1:9717/config 'ttl: 7s'
echo "== stops"
systemctl stop pushgateway-janitor
systemctl show --property=Result,ExecMainStatus pushgateway-janitor
echo "== does not start again and again"
echo 'rules: []' >/etc/pushgateway-janitor/janitor.yml; systemctl start pushgateway-janitor
until_true fails pushgateway-janitor
systemctl show --property=ExecMainStatus,NRestarts pushgateway-janitor
echo "== sweeps once"
cat >/etc/pushgateway-janitor/janitor.yml <<'END'
${janitorYml}END
${startTimer}
systemctl is-active pushgateway-janitor-once.timer
systemctl start pushgateway-janitor-once && ask http://127.0.0.1:9091/metrics | grep -c '^pushgateway_janitor_build_info'
echo "== writes for node_exporter"
${textfile}
systemctl start pushgateway-janitor-once || systemctl status pushgateway-janitor-once
grep -c '^pushgateway_janitor_build_info' /var/lib/prometheus/node-exporter/pushgateway_janitor.prom
stat --format=%A /var/lib/prometheus/node-exporter/pushgateway_janitor.prom
`;

it.skipIf(!canBoot)(
  "the units work under a real systemd, installed as docs/one-machine.md says",
  { timeout: 90_000 },
  () => {
    const output = boot(script) ?? "";
    const sections = Object.fromEntries(
      output
        .split("== ")
        .slice(1)
        .map((section) => [
          section.slice(0, section.indexOf("\n")),
          section.slice(section.indexOf("\n") + 1),
        ]),
    );
    expect(output).not.toMatch(/never true[^]*/);
    expect(sections["runs"]).toMatch(/^enabled$/m);
    expect(sections["runs"]).toMatch(/deleted +g +all .*job="old"/);
    expect(sections["runs"]).toMatch(
      /^Uid:\t(6[1-5]\d{3})\t\1\t\1\t\1\nCapEff:\t0{16}\nNoNewPrivs:\t1\nSeccomp:\t2$/m,
    );
    expect(sections["reloads"]).toBe("");
    expect(sections["stops"]).toBe("Result=success\nExecMainStatus=0\n");
    expect(sections["does not start again and again"]).toBe("NRestarts=0\nExecMainStatus=2\n");
    expect(sections["sweeps once"]).toMatch(/^active\n1$/m);
    expect(sections["writes for node_exporter"]).toMatch(/^1\n-rw-r--r--\n$/);
  },
);
