import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Page {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** All that people read: README, docs, and the files to start from, whose comments and runbooks are prose, too. */
export const pages: readonly Page[] = [
  "README.md",
  "SECURITY.md",
  ".github/ISSUE_TEMPLATE/bug.yml",
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
  ...readdirSync(join(root, "config"), { recursive: true, encoding: "utf8" }).map((name) => `config/${name}`),
]
  .filter((path) => /\.(md|ya?ml|service|timer)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

export function readPage(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page in Markdown. */
export function codeBlocks({ path, text }: Page): readonly CodeBlock[] {
  if (!path.endsWith(".md")) return [];
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = "", body = ""]) => ({
    language,
    text: body,
  }));
}

/** What stands in `code` in running text. */
export function codeSpans(text: string): readonly string[] {
  return [...text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}

/** The rows of the table whose head begins with this cell, each cell as it is written. */
export function tableOf(text: string, head: string): readonly (readonly string[])[] {
  const lines = text.split("\n");
  const first = lines.findIndex(
    (line) => line.startsWith("| ") && line.slice(2).split("|")[0]?.trim() === head,
  );
  if (first < 0) throw new Error(`no table of ${head}`);
  const rows = [];
  for (const line of lines.slice(first + 2)) {
    if (!line.startsWith("|")) break;
    rows.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** Every command line of the janitor on a page: in blocks, in running text, and after `npm start --`. */
export function commandLines(text: string): readonly string[] {
  const joined = text.replaceAll(/\\\n\s*/g, " ");
  const starts = /(?:(?<![/-])\bpushgateway-janitor|npm start --) ((?:[a-z]|--)[^\n`|;&]*)/g;
  return [...joined.matchAll(starts)].map(([, rest = ""]) => rest.replace(/\s+#.*$/, "").trim());
}

/** The code of a page in one language, block by block. */
export function blocksOf(path: string, language: string): readonly string[] {
  return codeBlocks({ path, text: readPage(path) })
    .filter((block) => block.language === language)
    .map(({ text }) => text);
}

/** What a heading is linked by, as GitHub makes it. */
export function anchorsOf(page: string): readonly string[] {
  const text = readPage(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}
