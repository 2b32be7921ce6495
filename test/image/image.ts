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
  const { Docker } = inspect(architecture);
  const container = buildah("from", "--pull-never", nameOf(architecture));
  return {
    architecture: Docker.architecture,
    config: Docker.config,
    layerBytes: layersOf(architecture).map(({ size }) => size),
    folder: buildah("mount", container),
    [Symbol.dispose]: () => void buildah("rm", container),
  };
}

export interface Layer {
  readonly size: number;
  readonly digest: string;
}

export function layersOf(architecture: string): readonly Layer[] {
  const { layers } = JSON.parse(inspect(architecture).Manifest) as { readonly layers: readonly Layer[] };
  return layers;
}

function inspect(architecture: string) {
  return JSON.parse(buildah("inspect", "--type=image", nameOf(architecture))) as {
    readonly Docker: { readonly architecture: string; readonly config: ImageConfig };
    readonly Manifest: string;
  };
}

function nameOf(architecture: string): string {
  return `pushgateway-janitor:check-${architecture}`;
}

function buildah(...args: readonly string[]): string {
  const storage = [`--root=${cache}/storage`, `--runroot=${cache}/run`, "--storage-driver=vfs"];
  return execFileSync("buildah", [...storage, ...args], { encoding: "utf8" }).trim();
}
