import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Manifest } from "./objects.ts";

const root = join(import.meta.dirname, "../..");

/** One line of a manifest written as TypeScript, and the path of what stands there. */
interface Line {
  readonly text: string;
  readonly path: string;
}

/**
 * What the API server would not take. Twice, since neither says all: written as literals of the API's types, which tells
 * unknown fields apart (the API's own schemas let them pass), and by these schemas, which know quantities, durations, integers.
 */
export async function apiProblems(manifests: readonly Manifest[]): Promise<readonly string[]> {
  return [...typeProblems(manifests), ...(await schemaProblems(manifests))];
}

function typeProblems(manifests: readonly Manifest[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "manifests-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const literals = manifests.map(writeLiteral);
    literals.forEach((lines, index) => {
      writeFileSync(join(folder, `${index}.ts`), lines.map(({ text }) => text).join("\n"));
    });
    const output = compile(
      folder,
      [...manifests.keys()].map((index) => `${index}.ts`),
    );
    const problems = [...output.matchAll(/^(\d+)\.ts\((\d+),\d+\): error TS\d+: (.*)$/gm)].map((match) => {
      const [, file = "", line = "", message = ""] = match;
      const path = literals[Number(file)]?.[Number(line) - 1]?.path ?? "";
      return `${manifests[Number(file)]?.where}: ${path}: ${message}`;
    });
    if (problems.length === 0 && output !== "")
      throw new Error(`the compiler says something else:\n${output}`);
    return problems;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(folder: string, files: readonly string[]): string {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--pretty", "false", "--module", "nodenext"];
  const { stdout, stderr, error } = spawnSync(process.execPath, [tsc, ...flags, "--types", "", ...files], {
    cwd: folder,
    encoding: "utf8",
  });
  if (error) throw error;
  return stdout + stderr;
}

function writeLiteral({ object }: Manifest): readonly Line[] {
  const type = `I${object.kind}`;
  return [
    { text: `import type { ${type} } from "${typesOf(object.apiVersion)}";`, path: "apiVersion, kind" },
    ...literal(object, "", `export const manifest: ${type} = `, ";"),
  ];
}

function typesOf(apiVersion: string): string {
  return apiVersion.startsWith("monitoring.coreos.com/")
    ? `@kubernetes-models/prometheus-operator/${apiVersion}`
    : `kubernetes-models/${apiVersion}`;
}

function literal(value: unknown, path: string, before: string, after: string): readonly Line[] {
  if (Array.isArray(value)) {
    const items = value.flatMap((item, index) => literal(item, `${path}[${index}]`, "", ","));
    return [{ text: `${before}[`, path }, ...items, { text: `]${after}`, path }];
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).flatMap(([key, field]) =>
      literal(field, path === "" ? key : `${path}.${key}`, `${JSON.stringify(key)}: `, ","),
    );
    return [{ text: `${before}{`, path }, ...fields, { text: `}${after}`, path }];
  }
  return [{ text: `${before}${JSON.stringify(value)}${after}`, path }];
}

interface Model {
  /** Throws with all problems. */
  validate(): void;
}

async function schemaProblems(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const problems = manifests.map(async ({ where, object }) => {
    const ModelClass = (await modelsOf(object.apiVersion))[object.kind];
    if (ModelClass === undefined) return [`${where}: there is no ${object.apiVersion} ${object.kind}`];
    try {
      new ModelClass(object).validate();
      return [];
    } catch (error) {
      return [`${where}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  return (await Promise.all(problems)).flat();
}

async function modelsOf(apiVersion: string): Promise<Readonly<Record<string, new (data: object) => Model>>> {
  // An apiVersion that does not exist is a package's folder that does not exist.
  return import(typesOf(apiVersion)).catch(() => ({}));
}
