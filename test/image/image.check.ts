import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { freePort } from "../support/free-port.ts";
import { serveHanging } from "../support/hanging-gateway.ts";
import { startPushgateway } from "../support/pushgateway.ts";
import { getText } from "../support/push.ts";
import { runContainer, startContainer, type Container, type ContainerOptions } from "./container.ts";
import { buildImages, layersOf, openImage, type Image, type Layer } from "./image.ts";

const repository = join(import.meta.dirname, "../..");
const own = execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim();
const archiveFolder = "/var/lib/pushgateway-janitor";
const configFolder = "/etc/pushgateway-janitor";
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

let images: readonly Image[] = [];
let image: Image;
let firstLayers: readonly Layer[];

beforeAll(() => {
  buildImages([own]);
  firstLayers = layersOf(own);
  buildImages(["arm64", "amd64"]);
  images = ["arm64", "amd64"].map(openImage);
  image = images.find(({ architecture }) => architecture === own)!;
});

afterAll(() => {
  for (const one of images) one[Symbol.dispose]();
});

/** All files below a folder, by their path from there. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "image-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new volume: an engine gives it the owner and the mode of the folder that it is mounted over. */
function newVolume(place: string): string {
  const folder = testFolder();
  const { uid, gid, mode } = statSync(join(image.folder, place));
  chownSync(folder, uid, gid);
  execFileSync("chmod", [(mode & 0o7777).toString(8), folder]);
  return folder;
}

/** A folder with a janitor.yml that anybody may read. */
function configVolume(text: string): string {
  const folder = testFolder();
  execFileSync("chmod", ["755", folder]);
  writeFileSync(join(folder, "janitor.yml"), text);
  return folder;
}

async function gatewayWith(...jobs: readonly string[]) {
  const gateway = await startPushgateway({
    groups: jobs.map((job) => ({
      labels: { job },
      pushTime: job.startsWith("old") ? 1000 : Date.now() / 1000,
    })),
  });
  onTestFinished(() => gateway.stop());
  return gateway;
}

async function start(options: ContainerOptions): Promise<Container> {
  const container = await startContainer(image, options);
  onTestFinished(async () => {
    try {
      container.signal("SIGKILL");
    } catch {
      // It has ended already.
    }
    await container.ended;
  });
  return container;
}

const rule = "rules: [{ name: all, matchers: [], ttl: 1h }]\nlimits: { max_outage: 0s }\n";

describe("the image", () => {
  it("is small: the janitor's layer is below 10 MB", () => {
    const [base = 0, ...layers] = image.layerBytes;
    const app = layers.reduce((sum, bytes) => sum + bytes, 0);
    const files = `${megabytes(sizeOf("app/dist"))} of its own, ${megabytes(sizeOf("app/node_modules"))} of packages`;
    console.log(
      [
        `layers of the base image's stand-in: ${megabytes(base)}; of the janitor: ${layers.map(megabytes).join(" + ")}`,
        `files of the janitor: ${files}`,
        `as a registry would pack it: ${megabytes(gzippedSizeOf("."))}, of which the janitor ${megabytes(gzippedSizeOf("app"))}`,
      ].join("\n"),
    );
    expect(app).toBeLessThan(10e6);
  });

  function sizeOf(folder: string): number {
    const whole = join(image.folder, folder);
    return filesOf(whole).reduce((sum, file) => sum + statSync(join(whole, file)).size, 0);
  }

  function gzippedSizeOf(folder: string): number {
    const command = `tar -C "$0" -cf - ${folder} | gzip | wc -c`;
    return Number(execFileSync("sh", ["-c", command, image.folder], { encoding: "utf8" }));
  }

  it("has the packages that the janitor needs to run, and no other", () => {
    const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
      packages: Record<string, { dev?: boolean; optional?: boolean }>;
    };
    const needed = Object.entries(lock.packages)
      .filter(([path, { dev, optional }]) => path !== "" && dev !== true && optional !== true)
      .map(([path]) => `${path}/package.json`);
    const there = filesOf(join(image.folder, "app")).filter((file) =>
      /^(node_modules\/(@[^/]+\/)?[^/]+\/)+package\.json$/.test(file),
    );
    expect(there.filter((file) => needed.includes(file))).toEqual(needed.toSorted());
    expect(there).toHaveLength(needed.length);
  });

  it("holds no other files", () => {
    const files = filesOf(join(image.folder, "app"));
    expect(files.filter((file) => !/^(dist|node_modules)\//.test(file))).toEqual(["LICENSE", "package.json"]);
    expect(files.filter((file) => /\.(node|map|[cm]?ts|tsbuildinfo)$/.test(file))).toEqual([]);
  });

  it("keeps the licence of every package that brings one", () => {
    const folder = join(repository, "node_modules");
    const licences = filesOf(join(image.folder, "app/node_modules")).filter((file) =>
      /licen[cs]e/i.test(file),
    );
    const packages = readdirSync(join(image.folder, "app/node_modules")).filter(
      (name) => !name.startsWith("@"),
    );
    const licensed = packages.filter((name) =>
      readdirSync(join(folder, name)).some((file) => /^licen[cs]e/i.test(file)),
    );
    for (const name of licensed) expect(licences.some((file) => file.startsWith(`${name}/`))).toBe(true);
    expect(licensed.length).toBeGreaterThan(10);
  });

  it("says by number that it does not run as root", () => {
    expect(image.config.User).toBe("65532:65532");
  });

  it("describes itself in OCI labels", () => {
    const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      version: string;
    };
    const head = execFileSync("git", ["rev-parse", "HEAD"], { cwd: repository, encoding: "utf8" }).trim();
    expect(image.config.Labels).toMatchObject({
      "org.opencontainers.image.title": "pushgateway-janitor",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": head,
      "org.opencontainers.image.licenses": "Apache-2.0",
    });
  });

  // The rest of an image is its config, in which buildah, unlike buildx, writes a random name of its container.
  it("has the same layers, to the byte, when the same commit is built again", () => {
    expect(layersOf(own)).toEqual(firstLayers);
  });

  it("needs no shell: entrypoint and health check name programs of the image", () => {
    const { Entrypoint, Healthcheck } = image.config;
    expect(existsSync(join(image.folder, "bin/sh"))).toBe(false);
    expect(Healthcheck.Test[0]).toBe("CMD");
    for (const [program, script] of [Entrypoint, Healthcheck.Test.slice(1)]) {
      expect(existsSync(join(image.folder, program!))).toBe(true);
      expect(existsSync(join(image.folder, script!))).toBe(true);
    }
  });

  it("is the same for amd64 and arm64 but for Node", () => {
    const digests = images.map(({ folder }) => {
      const hash = createHash("sha256");
      for (const file of filesOf(join(folder, "app"))) {
        hash.update(`${file}\0`).update(readFileSync(join(folder, "app", file)));
      }
      return hash.digest("hex");
    });
    expect(new Set(digests).size).toBe(1);
    expect(images.map(({ architecture }) => architecture)).toEqual(["arm64", "amd64"]);
    // The machine of an ELF program: 183 is AArch64, 62 is x86-64.
    expect(images.map(({ folder }) => elfMachine(join(folder, "nodejs/bin/node")))).toEqual([183, 62]);
  });

  function elfMachine(path: string): number {
    const header = Buffer.alloc(20);
    readSync(openSync(path, "r"), header);
    return header.readUInt16LE(18);
  }
});

describe.each([
  ["its own user", { uid: 65_532, gid: 65_532 }],
  ["any user of group 0, as in OpenShift", { uid: 1_000_660_000, gid: 0 }],
])("a container on a read-only root, as %s", (_, user) => {
  it("really cannot write anywhere, and is not root", async () => {
    const script =
      "const fs = require('node:fs'); const places = ['/', '/tmp', '/app', '/etc/pushgateway-janitor', '/var/lib/pushgateway-janitor'];" +
      "console.log(process.getuid(), process.getgid(), process.getgroups().join(), process.pid, " +
      "places.map((p) => { try { fs.writeFileSync(p + '/x', ''); return 'written'; } catch (e) { return e.code; } }).join())";
    const { stdout } = await runContainer(image, {
      ...user,
      entrypoint: ["/nodejs/bin/node"],
      command: ["-e", script],
    });
    const { uid, gid } = user;
    expect(stdout.trim()).toMatch(new RegExp(`^${uid} ${gid} ${gid} 1 ((EROFS|EACCES),?){5}$`));
    expect(stdout).toContain("EROFS");
  });

  it("reports: `docker run image report --gateway=… --ttl=1d`", async () => {
    const gateway = await gatewayWith("old", "young");
    const end = await runContainer(image, {
      ...user,
      command: ["report", `--gateway=${gateway.url}`, "--ttl=1d", "--limits.max-outage=0s"],
    });
    expect(end).toMatchObject({ exitCode: 0 });
    expect(end.stdout).toMatch(/^delete +ttl_expired .*\{job="old"\}$/m);
    expect(end.stdout).toMatch(/^keep +within_ttl .*\{job="young"\}$/m);
    expect(await getText(gateway.url, "/metrics")).toContain('job="old"');
  });

  it("sweeps once, and archives into a new volume", async () => {
    const gateway = await gatewayWith("old", "young");
    const archive = newVolume(archiveFolder);
    const config = `pushgateways: [{ name: g, url: "${gateway.url}" }]\narchive: { dir: ${archiveFolder} }\n${rule}`;
    const volumes = { [configFolder]: configVolume(config), [archiveFolder]: archive };
    const end = await runContainer(image, { ...user, command: ["once"], volumes });
    expect(end).toMatchObject({ exitCode: 0 });
    const left = await getText(gateway.url, "/metrics");
    expect(left).not.toContain('job="old"');
    expect(left).toContain('job="young"');
    expect(readdirSync(archive).filter((file) => file.endsWith(".gz"))).toHaveLength(1);
    const list = await runContainer(image, { ...user, command: ["archive", "list", archiveFolder], volumes });
    expect(list.stdout).toContain('{job="old"}');
  });

  it.each(["", "127.0.0.1"])(
    "serves on %s:PORT, is healthy by its own health check, and ends with 0 within 5 s of SIGTERM",
    async (host) => {
      const gateway = await gatewayWith("old");
      const port = await freePort();
      const address = `${host}:${port}`;
      const config = `schedule: "* * * * * *"\npushgateways: [{ name: g, url: "${gateway.url}" }]\n${rule}`;
      const container = await start({
        ...user,
        command: ["run", `--web.listen-address=${address}`],
        volumes: { [configFolder]: configVolume(config) },
      });
      await container.shows("Listening");
      await container.shows("Deleted group");
      const check = await container.exec(image.config.Healthcheck.Test.slice(1));
      expect(check).toMatchObject({ exitCode: 0, stdout: `${address} is healthy: status 200\n` });
      const revision = image.config.Labels["org.opencontainers.image.revision"]!;
      expect(await getText(`http://127.0.0.1:${port}`, "/metrics")).toContain(`revision="${revision}"`);
      const stopped = performance.now();
      container.signal("SIGTERM");
      const end = await container.ended;
      const seconds = (performance.now() - stopped) / 1000;
      console.log(`SIGTERM to process 1: exit code ${end.exitCode} after ${seconds.toFixed(2)} s`);
      expect(end.exitCode).toBe(0);
      expect(seconds).toBeLessThan(5);
    },
  );

  it("is unhealthy when it hangs", async () => {
    const gateway = await gatewayWith("young");
    const address = `127.0.0.1:${await freePort()}`;
    const container = await start({
      ...user,
      command: ["run", `--web.listen-address=${address}`, `--gateway=${gateway.url}`, "--ttl=1d"],
    });
    await container.shows("Listening");
    container.signal("SIGSTOP");
    const check = await container.exec(image.config.Healthcheck.Test.slice(1));
    container.signal("SIGCONT");
    expect(check).toMatchObject({ exitCode: 1, stderr: `${address} is not healthy: no answer within 4 s\n` });
  });

  it("is not unhealthy while it sweeps once", async () => {
    const hanging = await serveHanging("GET /api/v1/metrics");
    const container = await start({ ...user, command: ["once", `--gateway=${hanging.url}`, "--ttl=1d"] });
    await hanging.reached;
    expect(await container.exec(image.config.Healthcheck.Test.slice(1))).toMatchObject({ exitCode: 0 });
    hanging.release();
    await container.ended;
  });

  it("runs even if NODE_COMPILE_CACHE is not writable", async () => {
    const end = await runContainer(image, {
      ...user,
      command: ["--version"],
      env: { NODE_COMPILE_CACHE: "/tmp/compiled" },
    });
    expect(end).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
