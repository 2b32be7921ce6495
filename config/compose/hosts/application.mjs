// An application that Prometheus scrapes directly. LISTEN is its address, for example 127.0.0.1:8080.
import { createServer } from "node:http";

const [host, port] = (process.env.LISTEN ?? "127.0.0.1:8080").split(":");
let requests = 0;

const server = createServer((request, response) => {
  requests += 1;
  if (request.url !== "/metrics") {
    response.end("hello\n");
    return;
  }
  response.setHeader("Content-Type", "text/plain; version=0.0.4");
  response.end(`# TYPE application_requests_total counter\napplication_requests_total ${requests}\n`);
});

server.listen(Number(port), host, () => console.log(`listens on ${host}:${server.address().port}`));
