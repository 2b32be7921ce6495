/** The environment variables that are read, and what for. The test holds it against the code. */
export const environment: Readonly<Record<string, string>> = {
  _: "set by most shells to the program that they start: if that is `nohup`, SIGHUP is ignored",
  HTTP_PROXY: "the proxy of a gateway with `proxy_from_environment: true`; also in lower case",
  HTTPS_PROXY: "the same for `https:` URLs",
  NO_PROXY: "hosts that are reached without it",
  NO_COLOR: "not empty: no colours on a terminal",
  TERM: "`dumb`: no colours on a terminal",
  PUSHGATEWAY_JANITOR_REVISION: "label `revision` of `build_info`",
};
