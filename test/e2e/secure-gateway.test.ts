import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { createAuthority, type Authority, type Certificate } from "../support/certificates.ts";
import { cli, type CliResult } from "../support/cli.ts";
import { installedGateways, startPushgateway } from "../support/pushgateway.ts";
import { startSecureGateway } from "../support/secure-gateway.ts";
import { testFolder, writeConfig } from "../support/service.ts";

const groups = [{ labels: { job: "old" }, pushTime: 1000 }];
const users = { janitor: "s3cret: pässword" };

let authority: Authority;
let clients: Authority;
let client: Certificate;

beforeAll(() => {
  authority = createAuthority();
  clients = createAuthority("authority of clients");
  client = clients.issue("janitor", "DNS:janitor");
});

/** A folder with what a janitor.yml may name. */
function credentials(): string {
  const folder = testFolder();
  const files = {
    "ca.crt": authority.cert,
    "other-ca.crt": createAuthority("another").cert,
    "client.crt": client.cert,
    "client.key": client.key,
    password: users.janitor,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`);
  return folder;
}

async function once(url: string, settings: string, folder = credentials()): Promise<CliResult> {
  const file = writeConfig(
    `
limits: { max_outage: 0s }
pushgateways: [{ name: secure, url: "${url}", timeout: 10s, ${settings} }]
rules: [{ name: all, matchers: [], ttl: 1h }]
`,
    folder,
  );
  return cli(["once", `--config.file=${file}`, "--log.level=error"]);
}

const trusting = "ca_file: ca.crt";
const certified = `${trusting}, cert_file: client.crt, key_file: client.key`;
const login = "basic_auth: { username: janitor, password_file: password }";

/** All that a gateway can ask of who comes. */
const everything = () => ({ authority, clientAuthority: clients, users, groups });

describe.each(installedGateways)(
  "behind the $version gateway's own TLS, client certificates and users",
  (gateway) => {
    it("a sweep with all credentials from files deletes", async () => {
      const secure = await startSecureGateway({ gateway, ...everything() });
      const { exitCode, stderr } = await once(secure.url, `tls_config: { ${certified} }, ${login}`);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("error") });
      expect(await secure.metrics({ user: "janitor", client })).not.toContain('job="old"');
    });

    it("a sweep with all of it written into janitor.yml deletes", async () => {
      const secure = await startSecureGateway({ gateway, ...everything() });
      const pem = (text: string): string => JSON.stringify(text);
      const tls = `tls_config: { ca: ${pem(authority.cert)}, cert: ${pem(client.cert)}, key: ${pem(client.key)} }`;
      const { exitCode } = await once(
        secure.url,
        `${tls}, basic_auth: { username: janitor, password: "${users.janitor}" }`,
      );
      expect(exitCode).toBe(0);
      expect(await secure.metrics({ user: "janitor", client })).not.toContain('job="old"');
    });

    it.each([
      [
        "without a client certificate",
        trusting,
        "the server wants a client certificate: set tls_config.cert_file and key_file",
      ],
      [
        "without a client certificate, by TLS 1.2",
        `${trusting}, max_version: TLS12`,
        "the server wants a client certificate: set tls_config.cert_file and key_file",
      ],
    ])("%s it says what is missing", async (_, tls, message) => {
      const secure = await startSecureGateway({ gateway, authority, clientAuthority: clients });
      const { exitCode, stderr } = await once(secure.url, `tls_config: { ${tls} }`);
      expect(stderr).toContain(`GET ${secure.url}/api/v1/status: ${message}`);
      expect(exitCode).toBe(1);
    });

    it("with a client certificate of another authority, or an expired one, it says that it is not accepted", async () => {
      const secure = await startSecureGateway({ gateway, authority, clientAuthority: clients });
      for (const wrong of [authority.issue("x", "DNS:x"), clients.issue("x", "DNS:x", { expired: true })]) {
        const folder = credentials();
        writeFileSync(join(folder, "client.crt"), wrong.cert);
        writeFileSync(join(folder, "client.key"), wrong.key);
        const { exitCode, stderr } = await once(secure.url, `tls_config: { ${certified} }`, folder);
        expect(stderr).toContain(
          "the server does not accept the client certificate: the one in tls_config.cert_file",
        );
        expect(exitCode).toBe(1);
      }
    });
  },
);

describe("a gateway's certificate that is not accepted is reported with cause and remedy", () => {
  it.each([
    [
      "of an unknown authority",
      "",
      {},
      "is of an authority that is not trusted here: set tls_config.ca_file",
    ],
    [
      "of another authority than the one named",
      "tls_config: { ca_file: other-ca.crt }",
      {},
      "is of an authority that is not trusted here: the certificate in tls_config.ca_file (or ca) is of another authority",
    ],
    [
      "for another name",
      `tls_config: { ${trusting} }`,
      { names: "DNS:pushgateway.internal,DNS:push" },
      "is not for 127.0.0.1 but for DNS:pushgateway.internal, DNS:push: write one of its names into url, or into tls_config.server_name",
    ],
    ["expired", `tls_config: { ${trusting} }`, { expired: true }, "has expired: renew it"],
  ])(
    "%s",
    async (_, settings, { names, expired = false }: { names?: string; expired?: boolean }, message) => {
      const certificate = authority.issue("gateway", names ?? "IP:127.0.0.1", { expired });
      const secure = await startSecureGateway({ authority, certificate });
      const { exitCode, stderr } = await once(secure.url, settings);
      expect(stderr).toContain(`GET ${secure.url}/api/v1/status: the server's certificate`);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(1);
    },
  );

  it("self-signed: trusted as soon as it is named itself", async () => {
    const own = createAuthority("self-signed");
    const folder = credentials();
    const secure = await startSecureGateway({ authority: own, certificate: own, groups });
    const refused = await once(secure.url, "", folder);
    expect(refused.stderr).toContain(
      "the server's certificate is self-signed: set tls_config.ca_file to this very certificate",
    );
    writeFileSync(join(folder, "self.crt"), own.cert);
    // It bears no name of the gateway.
    const accepted = await once(
      secure.url,
      "tls_config: { ca_file: self.crt, server_name: self-signed }",
      folder,
    );
    expect(accepted).toMatchObject({ exitCode: 0 });
  });

  it.each(["url", "localhostUrl"] as const)(
    "server_name is the name that counts, whatever the %s",
    async (which) => {
      const certificate = authority.issue("gateway", "DNS:pushgateway.internal");
      const secure = await startSecureGateway({ authority, certificate });
      const right = await once(
        secure[which],
        `tls_config: { ${trusting}, server_name: pushgateway.internal }`,
      );
      expect(right).toMatchObject({ exitCode: 0 });
      const wrong = await once(secure[which], `tls_config: { ${trusting}, server_name: other.internal }`);
      expect(wrong.stderr).toContain("is not for other.internal but for DNS:pushgateway.internal");
      const none = await once(secure[which], "tls_config: { insecure_skip_verify: true }");
      expect(none).toMatchObject({ exitCode: 0 });
    },
  );

  it("no TLS version in common", async () => {
    const secure = await startSecureGateway({ authority, tlsServerConfig: ["min_version: TLS13"] });
    const { exitCode, stderr } = await once(secure.url, `tls_config: { ${trusting}, max_version: TLS12 }`);
    expect(stderr).toContain(
      "the two sides have no TLS version in common: compare tls_config.min_version and max_version",
    );
    expect(exitCode).toBe(1);
  });

  it("an old TLS version is spoken if it is asked for", async () => {
    const secure = await startSecureGateway({
      authority,
      tlsServerConfig: ["min_version: TLS10", "max_version: TLS10"],
    });
    const old = await once(secure.url, `tls_config: { ${trusting}, min_version: TLS10 }`);
    expect(old).toMatchObject({ exitCode: 0 });
    const modern = await once(secure.url, `tls_config: { ${trusting} }`);
    expect(modern.stderr).toContain("the two sides have no TLS version in common");
  });
});

describe("the wrong protocol is reported with the correct url", () => {
  it("plain HTTP to a TLS port", async () => {
    const { url } = await startSecureGateway({ authority });
    const { exitCode, stderr } = await once(url.replace("https:", "http:"), "");
    expect(stderr).toContain(`the port speaks TLS; write ${url}`);
    expect(exitCode).toBe(1);
  });

  it("TLS to a port of plain HTTP", async () => {
    const gateway = await startPushgateway();
    onTestFinished(() => gateway.stop());
    const { exitCode, stderr } = await once(gateway.url.replace("http:", "https:"), "");
    expect(stderr).toContain(`the answer is no TLS: if the port speaks plain HTTP, write ${gateway.url}`);
    expect(stderr).not.toContain("error:");
    expect(exitCode).toBe(1);
  });
});

describe("a gateway that wants a user", () => {
  it.each([
    ["none is given", "", "HTTP 401: Unauthorized: it wants a user and a password; set basic_auth"],
    [
      "the password is wrong",
      "basic_auth: { username: janitor, password: s3cret-wrong }",
      "HTTP 401: Unauthorized: it does not accept the credentials of basic_auth or authorization",
    ],
  ])("%s: is reported", async (_, settings, message) => {
    const secure = await startSecureGateway({ authority, users });
    const { exitCode, stdout, stderr } = await once(secure.url, `tls_config: { ${trusting} }, ${settings}`);
    expect(stderr).toContain(`GET ${secure.url}/api/v1/status: ${message}`);
    expect(stdout + stderr).not.toContain("s3cret");
    expect(exitCode).toBe(1);
  });
});

describe("certificate files with other contents are named", () => {
  it.each<[string, (folder: string) => void, string]>([
    [
      "an empty ca_file",
      (folder) => writeFileSync(join(folder, "ca.crt"), ""),
      "ca.crt: no certificate in there",
    ],
    [
      "a key of another certificate",
      (folder) => writeFileSync(join(folder, "client.key"), authority.key),
      "client.key: this key does not belong to the certificate in",
    ],
    [
      "a certificate for a key",
      (folder) => writeFileSync(join(folder, "client.key"), readFileSync(join(folder, "client.crt"))),
      "client.key: no private key in there",
    ],
  ])("%s", async (_, spoil, message) => {
    const folder = credentials();
    spoil(folder);
    const { exitCode, stderr } = await once("https://127.0.0.1:1", `tls_config: { ${certified} }`, folder);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("BEGIN EC");
    expect(exitCode).toBe(1);
  });
});
