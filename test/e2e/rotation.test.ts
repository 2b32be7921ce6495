import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { createAuthority, type Authority, type Certificate } from "../support/certificates.ts";
import { startSecureGateway } from "../support/secure-gateway.ts";
import { never, startService, testFolder, writeConfig, type RunningService } from "../support/service.ts";

/** `run` that looks at no file by itself, so that nothing but a sweep can take up what has changed. */
async function startUnwatching(config: string, folder: string): Promise<RunningService> {
  const service = await startService([
    `--config.file=${writeConfig(config, folder)}`,
    "--config.poll-interval=0s",
  ]);
  onTestFinished(async () => {
    const { stderr } = await service.stop();
    expect(stderr).not.toMatch(/reload/i);
  });
  return service;
}

it("a rotated authority, client certificate or password takes effect with the next sweep, without a reload", async () => {
  const [authority, clients] = [createAuthority(), createAuthority("clients")];
  const folder = testFolder();
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), `${text}\n`);
  const writeClient = ({ cert, key }: Certificate): void => {
    write("client.crt", cert);
    write("client.key", key);
  };
  const issueClient = (by: Authority): Certificate => by.issue("janitor", "DNS:janitor");
  write("ca.crt", authority.cert);
  writeClient(issueClient(clients));
  write("password", "first");
  const users = { janitor: "first" };
  const gateway = await startSecureGateway({ authority, clientAuthority: clients, users });
  const service = await startUnwatching(
    `
schedule: "${never}"
pushgateways:
  - name: secure
    url: ${gateway.url}
    tls_config: { ca_file: ca.crt, cert_file: client.crt, key_file: client.key }
    basic_auth: { username: janitor, password_file: password }
rules: [{ name: all, matchers: [], ttl: 1h }]
`,
    folder,
  );
  const sweep = async (): Promise<string> => {
    const { status, body } = await service.post("/-/sweep");
    return `${status} ${body}`;
  };
  expect(await sweep()).toMatch(/^200 /);

  gateway.rewrite({ users: { janitor: "second" } });
  expect(await sweep()).toMatch(/^502 .*HTTP 401/s);
  write("password", "second");
  expect(await sweep()).toMatch(/^200 /);

  const otherClients = createAuthority("other clients");
  gateway.rewrite({ users: { janitor: "second" }, clientAuthority: otherClients });
  expect(await sweep()).toMatch(/^502 .*does not accept the client certificate/s);
  // Half of the pair is there, as while an operator or a controller replaces them.
  const renewed = issueClient(otherClients);
  write("client.crt", renewed.cert);
  expect(await sweep()).toMatch(/^502 .*client\.key: this key does not belong to the certificate/s);
  writeClient(renewed);
  expect(await sweep()).toMatch(/^200 /);

  const otherAuthority = createAuthority("another");
  gateway.rewrite({ users: { janitor: "second" }, clientAuthority: otherClients, authority: otherAuthority });
  expect(await sweep()).toMatch(/^502 .*of an authority that is not trusted here/s);
  write("ca.crt", otherAuthority.cert);
  expect(await sweep()).toMatch(/^200 /);
});
