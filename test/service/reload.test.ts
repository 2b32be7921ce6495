import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { ConfigError } from "../../src/config/config.ts";
import { sumFiles, watchFiles } from "../../src/service/file-watch.ts";
import { createReloader } from "../../src/service/reload.ts";

describe("a reload", () => {
  it("applies a good file; a bad one changes nothing and is explained", async () => {
    const files = [Promise.resolve("new"), Promise.reject(new ConfigError("janitor.yml:1:1: no"))];
    const applied: string[] = [];
    const failures: string[] = [];
    const reload = createReloader<string>({
      load: () => files.shift()!,
      apply: (value) => Promise.resolve(void applied.push(value)),
      onFailure: (message) => failures.push(message),
    });
    expect(await reload()).toEqual({ ok: true, message: "configuration reloaded" });
    expect(await reload()).toEqual({ ok: false, message: "janitor.yml:1:1: no" });
    expect(applied).toEqual(["new"]);
    expect(failures).toEqual(["janitor.yml:1:1: no"]);
  });

  it("asked for during another reads the file after that one, so that it never misses the latest change", async () => {
    let content = "first";
    const applied: string[] = [];
    let release: () => void = () => {};
    const reload = createReloader<string>({
      load: () => Promise.resolve(content),
      apply: async (value) => {
        applied.push(value);
        if (applied.length === 1) await new Promise<void>((resolve) => (release = resolve));
      },
      onFailure: () => {},
    });
    const first = reload();
    await expect.poll(() => applied).toEqual(["first"]);
    content = "second";
    const second = reload();
    expect(applied).toEqual(["first"]);
    release();
    await Promise.all([first, second]);
    expect(applied).toEqual(["first", "second"]);
  });

  it("is possible again after one that failed by a bug", async () => {
    let attempts = 0;
    const reload = createReloader<string>({
      load: () => Promise.resolve("x"),
      apply: () => ((attempts += 1) === 1 ? Promise.reject(new Error("bug")) : Promise.resolve()),
      onFailure: () => {},
    });
    await expect(reload()).rejects.toThrow("bug");
    expect((await reload()).ok).toBe(true);
  });
});

describe("the watch over files", () => {
  /** Looks once each time the test says so. */
  function watch(paths: readonly string[]): { look: () => Promise<void>; changes: () => number } {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    let changes = 0;
    let looks = 0;
    let wake: () => void = () => {};
    void watchFiles({
      paths: () => paths,
      everySeconds: 30,
      signal: stop.signal,
      wait: () => {
        looks += 1;
        return new Promise((resolve) => (wake = resolve));
      },
      onChange: () => Promise.resolve(void (changes += 1)),
      always: () => false,
    });
    return {
      changes: () => changes,
      async look() {
        const before = looks;
        wake();
        await expect.poll(() => looks).toBeGreaterThan(before);
      },
    };
  }

  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), "watch-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  }

  it("sees a changed file once, and one that only was touched not at all", async () => {
    const file = join(folder(), "janitor.yml");
    writeFileSync(file, "a");
    const { look, changes } = watch([file]);
    await look();
    writeFileSync(file, "a");
    await look();
    expect(changes()).toBe(0);
    writeFileSync(file, "b");
    await look();
    await look();
    expect(changes()).toBe(1);
  });

  it("sees how Kubernetes swaps a ConfigMap: a symlink to another folder", async () => {
    const root = folder();
    for (const version of ["1", "2"]) {
      mkdirSync(join(root, `..data_${version}`));
      writeFileSync(join(root, `..data_${version}`, "janitor.yml"), version);
    }
    symlinkSync("..data_1", join(root, "..data"));
    symlinkSync("..data/janitor.yml", join(root, "janitor.yml"));
    const { look, changes } = watch([join(root, "janitor.yml")]);
    await look();
    symlinkSync("..data_2", join(root, "..data_tmp"));
    renameSync(join(root, "..data_tmp"), join(root, "..data"));
    await look();
    expect(changes()).toBe(1);
  });

  it("does not read a pipe, whose content would be lost to the next reader", async () => {
    const pipe = join(folder(), "janitor.yml");
    execFileSync("mkfifo", [pipe]);
    expect([...(await sumFiles([pipe]))]).toEqual([[pipe, "no regular file"]]);
  });

  it("sees a file that goes away and comes back", async () => {
    const file = join(folder(), "password");
    writeFileSync(file, "a");
    const { look, changes } = watch([file]);
    await look();
    rmSync(file);
    await look();
    expect(changes()).toBe(1);
    writeFileSync(file, "a");
    await look();
    expect(changes()).toBe(2);
  });
});
