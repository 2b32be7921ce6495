import { execFileSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const cache = join(root, ".cache/image");

/** What the config of an image says, as far as it matters for running it. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** An image that was built, with its files unpacked. */
export interface Image extends Disposable {
  readonly architecture: string;
  readonly config: ImageConfig;
  /** Names what every layer and the config hold. */
  readonly digest: string;
  /** Uncompressed tar files, the base image's first. */
  readonly layerBytes: readonly number[];
  /** The folder that is its root. */
  readonly folder: string;
}

/** Builds the Dockerfile, on base images of these architectures. */
export function buildImages(architectures: readonly string[]): void {
  execFileSync("sh", [join(import.meta.dirname, "build.sh"), ...architectures], { stdio: "inherit" });
}

/** Whoever opens an image disposes of it. */
export function openImage(architecture: string): Image {
  const { Docker, Manifest, FromImageDigest } = inspect(architecture);
  const { layers } = JSON.parse(Manifest) as { layers: readonly { size: number }[] };
  const container = buildah("from", "--pull-never", nameOf(architecture));
  return {
    architecture: Docker.architecture,
    digest: FromImageDigest,
    config: Docker.config,
    layerBytes: layers.map(({ size }) => size),
    folder: buildah("mount", container),
    [Symbol.dispose]: () => void buildah("rm", container),
  };
}

export function digestOf(architecture: string): string {
  return inspect(architecture).FromImageDigest;
}

function inspect(architecture: string) {
  return JSON.parse(buildah("inspect", "--type=image", nameOf(architecture))) as {
    Docker: { architecture: string; config: ImageConfig };
    Manifest: string;
    FromImageDigest: string;
  };
}

function nameOf(architecture: string): string {
  return `pushgateway-janitor:check-${architecture}`;
}

function buildah(...args: readonly string[]): string {
  const storage = [`--root=${cache}/storage`, `--runroot=${cache}/run`, "--storage-driver=vfs"];
  return execFileSync("buildah", [...storage, ...args], { encoding: "utf8" }).trim();
}
