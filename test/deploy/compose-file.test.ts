import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { cli } from "../support/cli.ts";
import { mayLackDockerCompose, runDockerCompose } from "../support/docker-compose.ts";
import { mayLackPromtool, runPromtool } from "../support/promtool.ts";
import { testFolder } from "../support/service.ts";
import { readStackFile, stackFolder } from "./stack-files.ts";

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly {
    readonly host_ip?: string;
    readonly published: string;
    readonly target: number;
  }[];
  readonly read_only?: boolean;
  readonly volumes?: readonly {
    readonly type: "bind" | "volume";
    readonly source: string;
    readonly target: string;
  }[];
}

const composeFile = join(stackFolder, "compose.yaml");

/** The services as docker-compose understands them, or a mistake of the file as its error. */
function readServices(file = composeFile): Readonly<Record<string, Service>> {
  const { exitCode, stdout, stderr } = runDockerCompose(["-f", file, "config", "--format=json"]);
  if (exitCode !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { services: Record<string, Service> }).services;
}

describe.skipIf(mayLackDockerCompose)("config/compose/compose.yaml", () => {
  it("is understood by docker-compose, without a warning", () => {
    const { exitCode, stderr } = runDockerCompose(["-f", composeFile, "config", "--quiet"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  it("would not be understood with a key that does not exist", () => {
    const file = join(testFolder(), "compose.yaml");
    writeFileSync(file, readStackFile("compose.yaml", { "healthcheck:": "health_check:" }));
    expect(() => readServices(file)).toThrow("health_check");
  });

  it("names for every image the version that was tried", () => {
    const images = Object.values(readServices())
      .filter(({ build }) => build === undefined)
      .map(({ image }) => image);
    for (const image of images) expect(image).toMatch(/^[a-z/.]+:v?\d+(\.\d+\.\d+|-trixie-slim)$/);
    const { build } = readServices()["janitor"]!;
    expect(existsSync(join(build!.context, "Dockerfile"))).toBe(true);
  });

  it("is to be reached from this machine alone", () => {
    const ports = Object.values(readServices()).flatMap(({ ports = [] }) => ports);
    expect(ports.map(({ host_ip }) => host_ip)).toEqual(ports.map(() => "127.0.0.1"));
    expect(ports.map(({ published }) => published).toSorted()).toEqual(["3000", "9090", "9091", "9717"]);
  });

  it("checks the health of every service that serves", () => {
    // The janitor's is in its image.
    const without = Object.entries(readServices()).filter(([, { healthcheck }]) => healthcheck === undefined);
    expect(without.map(([name]) => name)).toEqual(["janitor"]);
    expect(readFileSync(join(stackFolder, "../../Dockerfile"), "utf8")).toContain("\nHEALTHCHECK ");
  });

  it("mounts folders that exist, since a mounted file is never seen to be replaced", () => {
    const sources = Object.values(readServices())
      .flatMap(({ volumes = [] }) => volumes)
      .filter(({ type }) => type === "bind")
      .map(({ source }) => source);
    expect(sources.filter((source) => !statSync(source).isDirectory())).toEqual([]);
    expect(sources.length).toBeGreaterThan(5);
  });

  it("keeps what must outlive a container in volumes", () => {
    const volumes = Object.entries(readServices()).flatMap(([name, { volumes = [] }]) =>
      volumes.filter(({ type }) => type === "volume").map(({ target }) => `${name}:${target}`),
    );
    expect(volumes.toSorted()).toEqual([
      "janitor:/var/lib/pushgateway-janitor",
      "prometheus:/prometheus",
      "pushgateway:/pushgateway",
    ]);
  });

  it("has a service for every name in the files of the stack", () => {
    const names = Object.keys(readServices());
    const datasource = "grafana/provisioning/datasources/prometheus.yml";
    const texts = ["prometheus/prometheus.yml", "janitor/janitor.yml", "compose.yaml", datasource].map(
      (name) => readStackFile(name, {}),
    );
    const looked = texts.flatMap((text) =>
      [...text.matchAll(/(?:http:\/\/|")([a-z]+):(?:8080|909[01]|9100|9717|3000)/g)].map(([, name]) => name!),
    );
    expect(new Set(looked.filter((name) => name !== "localhost"))).toEqual(
      new Set(["application", "hosts", "janitor", "prometheus", "pushgateway"]),
    );
    for (const name of looked.filter((name) => name !== "localhost")) expect(names).toContain(name);
  });
});

describe("the files that the stack mounts", () => {
  it("are a valid configuration that archives to the volume of the image", async () => {
    const { exitCode, stdout } = await cli(["check", "config", join(stackFolder, "janitor/janitor.yml")]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("archive in /var/lib/pushgateway-janitor");
  });

  it.skipIf(mayLackPromtool)("are a configuration that Prometheus understands", () => {
    const { exitCode, output } = runPromtool([
      "check",
      "config",
      join(stackFolder, "prometheus/prometheus.yml"),
    ]);
    expect(output).toContain("is valid prometheus config file");
    expect(exitCode).toBe(0);
  });

  it("keep the job and the instance of pushed series", () => {
    const { scrape_configs: jobs } = parse(readStackFile("prometheus/prometheus.yml", {})) as {
      scrape_configs: readonly { job_name: string; honor_labels?: boolean }[];
    };
    expect(jobs.map(({ job_name, honor_labels = false }) => [job_name, honor_labels])).toEqual([
      ["pushgateway", true],
      ["pushgateway-janitor", false],
      ["hosts", false],
      ["application", false],
    ]);
  });

  it("show Grafana's dashboards where they are mounted", () => {
    const { providers } = parse(readStackFile("grafana/provisioning/dashboards/janitor.yml", {})) as {
      providers: readonly { options: { path: string } }[];
    };
    const compose = readStackFile("compose.yaml", {});
    for (const { options } of providers) expect(compose).toContain(`- ../grafana:${options.path}:ro`);
  });
});

it("every file to start from names the same Pushgateway", () => {
  const folder = join(stackFolder, "..");
  const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  const named = [...texts.join("\n").matchAll(/image: (\S*\/pushgateway:\S+)/g)].map(([, image]) => image);
  expect(named).toEqual(named.map(() => "quay.io/prometheus/pushgateway:v1.11.3"));
  expect(named.length).toBeGreaterThan(1);
});
