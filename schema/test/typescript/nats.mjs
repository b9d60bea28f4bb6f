// A nats-server with JetStream for one test file, on a free port and in a temporary directory.
//
//   const server = await startServer(t);      stopped when the test ends
//   const connection = await server.connect();
//
// NATS_SERVER names the program.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect } from "@nats-io/transport-node";

const program = process.env.NATS_SERVER ?? "nats-server";

/** For everything that must come, milliseconds: generous, for slow machines. */
export const patience = 60_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startServer(t) {
  const directory = mkdtempSync(join(tmpdir(), "troupe-nats-"));
  const port = await freePort();
  const server = new Server(directory, port);
  t.after(async () => {
    for (const connection of server.connections) await connection.close();
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  await server.start();
  return server;
}

class Server {
  connections = [];

  constructor(directory, port) {
    this.directory = directory;
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
  }

  /** Starts the program, or starts it again on the same port and files. */
  async start() {
    const options = ["-a", "127.0.0.1", "-p", `${this.port}`, "-js", "-sd", this.directory];
    this.child = spawn(program, options, { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
    await new Promise((resolve, reject) => {
      this.child.on("error", (error) => reject(new Error(`${program} cannot be started: ${error.message}`)));
      this.child.on("close", () => reject(new Error(`${program} ended:\n${log}`)));
      this.child.stderr.setEncoding("utf8").on("data", (text) => {
        log += text;
        if (log.includes("Server is ready")) resolve();
      });
    });
  }

  async kill(signal = "SIGKILL") {
    this.child.kill(signal);
    await this.ended;
  }

  /** Stops the program in the middle of what it does; resolves when all its threads stand. */
  async stop() {
    this.child.kill("SIGSTOP");
    const tasks = `/proc/${this.child.pid}/task`;
    const stands = (thread) => readFileSync(`${tasks}/${thread}/stat`, "utf8").includes(") T ");
    await until("the server to stand", () => readdirSync(tasks).every(stands));
  }

  resume() {
    this.child.kill("SIGCONT");
  }

  async connect(options = {}) {
    const connection = await connect({ servers: this.url, reconnectTimeWait: 50, maxReconnectAttempts: -1, ...options });
    this.connections.push(connection);
    return connection;
  }
}

/** Polls until `check` returns something truthy, which is returned. */
export async function until(what, check) {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A promise with its two ends. */
export function promised() {
  const both = {};
  both.promise = new Promise((resolve, reject) => Object.assign(both, { resolve, reject }));
  return both;
}
