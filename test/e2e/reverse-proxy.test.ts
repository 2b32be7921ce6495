import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { createAuthority, type Authority } from "../support/certificates.ts";
import { cli, type CliResult } from "../support/cli.ts";
import { isProbe, getJson } from "../support/http.ts";
import { mayLackNginx, startNginx, type Nginx, type NginxOptions } from "../support/nginx.ts";
import { installedGateways, startPushgateway, type Pushgateway } from "../support/pushgateway.ts";
import { testFolder, writeConfig } from "../support/service.ts";

/** Values that a URL's parser, a proxy's normalisation or a careless escape would take for something else. */
const awkward = [
  "..",
  ".",
  "/",
  "//",
  "a/b",
  "a/../b",
  "",
  " ",
  "%2F",
  "%",
  "+",
  "a b",
  "?x",
  "#x",
  "ä",
  "日本",
  "=",
  "_",
  "a;b",
  "\\",
];

const pushTime = 1000;
const groups = [
  ...awkward.map((x) => ({ labels: { job: "a", x }, pushTime })),
  ...awkward.filter((job) => job !== "").map((job) => ({ labels: { job, y: "1" }, pushTime })),
];
/** What a wrongly folded path would hit instead. */
const living = [
  { labels: { job: "a" } },
  { labels: { job: "b" } },
  { labels: { job: "a", x: "b" } },
  { labels: { job: "a", x: "a" } },
].map(({ labels }) => ({ labels, pushTime: Date.now() / 1000 }));

let authority: Authority;

beforeAll(() => {
  authority = createAuthority();
});

async function once(url: string, settings = ""): Promise<CliResult> {
  const text = `
limits: { max_outage: 0s, max_delete_ratio: 1 }
pushgateways: [{ name: behind, url: "${url}", timeout: 10s, ${settings} }]
rules: [{ name: all, matchers: [], ttl: 1h }]
`;
  return cli(["once", `--config.file=${writeConfig(text, testFolder())}`, "--log.level=error"]);
}

async function labelsLeft(gateway: Pushgateway): Promise<readonly object[]> {
  const { data } = await getJson<{ data: { labels: object }[] }>(gateway.url, "/api/v1/metrics");
  return data.map(({ labels }) => labels);
}

const byText = (a: object, b: object): number => JSON.stringify(a).localeCompare(JSON.stringify(b));

async function startBehind(
  gateway: Pushgateway,
  server: (upstream: string) => string,
  options: Omit<NginxOptions, "server"> = {},
): Promise<Nginx> {
  return startNginx({ ...options, server: server(new URL(gateway.url).host) });
}

const tls = (): Omit<NginxOptions, "server"> => {
  const { cert, key } = authority.issue("nginx", "DNS:localhost,IP:127.0.0.1");
  return {
    listen: "ssl",
    files: {
      "server.crt": cert,
      "server.key": key,
      users: "janitor:{PLAIN}s3cret\n",
      "clients.crt": authority.cert,
    },
  };
};
const certificate = "ssl_certificate server.crt; ssl_certificate_key server.key;";
const trusting = (): string => `tls_config: { ca: ${JSON.stringify(authority.cert)} }`;

describe.skipIf(mayLackNginx)("behind a real nginx", () => {
  describe.each(installedGateways)(
    "groups with awkward labels on a $version gateway are deleted, and no other",
    (gateway) => {
      it.each<[string, string, string, (upstream: string) => string]>([
        [
          "passed on as they are",
          "/push",
          "/push",
          (upstream) => `location /push/ { proxy_pass http://${upstream}; }`,
        ],
        [
          "below another path, normalised",
          "/deep/er",
          "",
          (upstream) => `location /deep/er/ { proxy_pass http://${upstream}/; }`,
        ],
        [
          "without a prefix, slashes not merged",
          "",
          "",
          (upstream) => `merge_slashes off; location / { proxy_pass http://${upstream}; }`,
        ],
        [
          "by a rewrite",
          "/push",
          "",
          (upstream) => `location /push/ { rewrite ^/push(/.*)$ $1 break; proxy_pass http://${upstream}; }`,
        ],
      ])("%s", async (_, path, routePrefix, server) => {
        const running = await startPushgateway({ gateway, groups: [...groups, ...living], routePrefix });
        onTestFinished(() => running.stop());
        const nginx = await startBehind(running, server);
        const { exitCode, stderr } = await once(`http://127.0.0.1:${nginx.port}${path}`);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("failed") });
        expect((await labelsLeft(running)).toSorted(byText)).toEqual(
          living.map(({ labels }) => labels).toSorted(byText),
        );
        const deletes = nginx
          .requests()
          .filter((request) => request.startsWith("DELETE") && !isProbe(request));
        expect(deletes.length).toBe(groups.length);
      });
    },
  );

  it("with a path prefix, TLS and basic_auth", async () => {
    const gateway = await startPushgateway({ groups: [...groups, ...living] });
    onTestFinished(() => gateway.stop());
    const server = (upstream: string): string =>
      `${certificate} location /push/ { auth_basic "push"; auth_basic_user_file users; proxy_pass http://${upstream}/; }`;
    const nginx = await startBehind(gateway, server, tls());
    const url = `https://localhost:${nginx.port}/push`;
    const none = await once(url, trusting());
    expect(none.stderr).toMatch(
      /status: HTTP 401: 401 Authorization Required nginx\/[\d.]+: it wants a user and a password; set basic_auth"\n/,
    );
    const wrong = await once(url, `${trusting()}, basic_auth: { username: janitor, password: s3cret-wrong }`);
    expect(wrong.stderr).toContain("it does not accept the credentials of basic_auth or authorization");
    expect(wrong.stdout + wrong.stderr).not.toContain("s3cret");
    const right = await once(url, `${trusting()}, basic_auth: { username: janitor, password: s3cret }`);
    expect(right).toMatchObject({ exitCode: 0 });
    expect((await labelsLeft(gateway)).toSorted(byText)).toEqual(
      living.map(({ labels }) => labels).toSorted(byText),
    );
  });

  describe("an obstacle is reported", () => {
    let gateway: Pushgateway;
    const start = async (): Promise<void> => {
      gateway = await startPushgateway({ groups: [{ labels: { job: "a" }, pushTime }] });
      onTestFinished(() => gateway.stop());
    };

    it("a client certificate that nginx wants", async () => {
      await start();
      const server = (upstream: string): string =>
        `${certificate} ssl_client_certificate clients.crt; ssl_verify_client on; location / { proxy_pass http://${upstream}; }`;
      const nginx = await startBehind(gateway, server, tls());
      const url = `https://localhost:${nginx.port}`;
      expect((await once(url, trusting())).stderr).toContain(
        "it wants a client certificate; set tls_config.cert_file and key_file",
      );
      const certified = (by: Authority): string => {
        const { cert, key } = by.issue("janitor", "DNS:janitor");
        return `tls_config: { ca: ${JSON.stringify(authority.cert)}, cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)} }`;
      };
      expect((await once(url, certified(createAuthority("other")))).stderr).toContain(
        "it does not accept the client certificate",
      );
      expect(await once(url, certified(authority))).toMatchObject({ exitCode: 0 });
    });

    it("plain HTTP spoken to its TLS port", async () => {
      await start();
      const nginx = await startBehind(
        gateway,
        (upstream) => `${certificate} location / { proxy_pass http://${upstream}; }`,
        tls(),
      );
      const { stderr } = await once(`http://localhost:${nginx.port}/x`);
      expect(stderr).toContain(`the port speaks TLS; write https://localhost:${nginx.port}/x`);
    });

    it("a redirect to https, and to another prefix", async () => {
      await start();
      const nginx = await startBehind(
        gateway,
        () => `
location / { return 301 https://push.internal$request_uri; }
location /old/ { rewrite ^/old/(.*)$ /new/$1 permanent; }
location /login/ { return 302 /sign-in?next=s3cret; }
`,
      );
      const url = `http://127.0.0.1:${nginx.port}`;
      const secure = await once(url);
      expect(secure.stderr).toContain(
        `GET ${url}/api/v1/status: HTTP 301, a redirect to https://push.internal/api/v1/status, which is never followed: ` +
          'if that is the same server, set url: https://push.internal"\n',
      );
      const moved = await once(`${url}/old`);
      expect(moved.stderr).toContain(`set url: ${url}/new"\n`);
      const login = await once(`${url}/login`);
      expect(login.stderr).toContain(
        `a redirect to ${url}/sign-in, which is never followed: this may be a login`,
      );
      expect(nginx.requests().every((request) => request.startsWith("GET"))).toBe(true);
    });

    it("a wrong prefix", async () => {
      await start();
      const nginx = await startBehind(
        gateway,
        (upstream) => `location /push/ { proxy_pass http://${upstream}/; }`,
      );
      const { exitCode, stderr } = await once(`http://127.0.0.1:${nginx.port}/wrong`);
      expect(stderr).toContain("HTTP 404: 404 Not Found nginx");
      expect(stderr).toContain("does the url end in the server's route prefix (--web.route-prefix)");
      expect(exitCode).toBe(1);
    });

    it("a gateway that nginx cannot reach", async () => {
      const nginx = await startNginx({ server: "location / { proxy_pass http://127.0.0.1:1; }" });
      const { stderr } = await once(`http://127.0.0.1:${nginx.port}`);
      expect(stderr).toContain("HTTP 502: 502 Bad Gateway nginx");
      expect(stderr).toContain("the proxy in front of it cannot reach it");
    });

    it("a gateway that takes longer than nginx waits", async () => {
      const slow = createServer(() => {});
      await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => {
        slow.closeAllConnections();
        slow.close();
      });
      const { port } = slow.address() as AddressInfo;
      const nginx = await startNginx({
        server: `location / { proxy_read_timeout 100ms; proxy_pass http://127.0.0.1:${port}; }`,
      });
      const { stderr } = await once(`http://127.0.0.1:${nginx.port}`);
      expect(stderr).toContain(
        "the proxy in front of it did not wait long enough (nginx: proxy_read_timeout)",
      );
    });

    it("a rule that forbids DELETE: the sweep is partly done, and the groups remain", async () => {
      await start();
      const nginx = await startBehind(
        gateway,
        (upstream) => `location / { limit_except GET { deny all; } proxy_pass http://${upstream}; }`,
      );
      const { exitCode, stderr } = await once(`http://127.0.0.1:${nginx.port}`);
      expect(stderr).toContain("HTTP 403: 403 Forbidden nginx");
      expect(stderr).toContain("does the proxy in front of it allow DELETE");
      expect(exitCode).toBe(21);
      expect(await labelsLeft(gateway)).toEqual([{ job: "a" }]);
    });

    it("a path that is longer than nginx allows", async () => {
      const long = { labels: { job: "a", x: "/".repeat(8000) }, pushTime };
      const running = await startPushgateway({ groups: [long] });
      onTestFinished(() => running.stop());
      const location = (upstream: string): string => `location / { proxy_pass http://${upstream}; }`;
      const strict = await startBehind(running, location);
      const refused = await once(`http://127.0.0.1:${strict.port}`);
      expect(refused.stderr).toContain("allows no path of this length (nginx: large_client_header_buffers)");
      expect(refused.exitCode).toBe(21);
      const roomy = await startBehind(
        running,
        (upstream) => `large_client_header_buffers 4 64k; ${location(upstream)}`,
      );
      expect(await once(`http://127.0.0.1:${roomy.port}`)).toMatchObject({ exitCode: 0 });
      expect(await labelsLeft(running)).toEqual([]);
    });
  });
});
