import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** An authority made for one test file, and what it has signed. */
export interface Authority extends Certificate {
  issue(name: string, subjectAltName: string, options?: { readonly expired?: boolean }): Certificate;
}

/** A new authority; all its certificates are valid for a day, or were until yesterday. */
export function createAuthority(name = "test authority"): Authority {
  const folder = mkdtempSync(join(tmpdir(), "authority-"));
  const path = (file: string): string => join(folder, file);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
  const read = (base: string): Certificate => ({
    cert: readFileSync(path(`${base}.crt`), "utf8"),
    key: readFileSync(path(`${base}.key`), "utf8"),
  });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  try {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      path("ca.key"),
      "-out",
      path("ca.crt"),
      "-days",
      "1",
      "-subj",
      `/CN=${name}`,
    );
    const ca = read("ca");
    const issue: Authority["issue"] = (name, subjectAltName, { expired = false } = {}) => {
      const own = mkdtempSync(join(tmpdir(), "certificate-"));
      const file = (base: string): string => join(own, base);
      try {
        writeFileSync(file("ca.crt"), ca.cert);
        writeFileSync(file("ca.key"), ca.key);
        writeFileSync(file("ext"), `subjectAltName=${subjectAltName}\n`);
        openssl(
          "req",
          "-new",
          ...newKey,
          "-keyout",
          file("key"),
          "-out",
          file("csr"),
          "-subj",
          `/CN=${name}`,
        );
        openssl(
          "x509",
          "-req",
          "-in",
          file("csr"),
          "-CA",
          file("ca.crt"),
          "-CAkey",
          file("ca.key"),
          "-CAcreateserial",
          "-days",
          expired ? "-1" : "1",
          "-extfile",
          file("ext"),
          "-out",
          file("crt"),
        );
        return { cert: readFileSync(file("crt"), "utf8"), key: readFileSync(file("key"), "utf8") };
      } finally {
        rmSync(own, { recursive: true });
      }
    };
    return { ...ca, issue };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
