// A service as a process of its own, killed when the test ends.
import { spawn } from "node:child_process";

import { patience } from "./nats.mjs";

export function startProcess(t, file, args = [], environment = {}) {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const service = { child, lines: [], stderr: "", onLine: () => {} };
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    service.lines.push(...lines);
    service.onLine();
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (service.stderr += text));
  service.ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  t.after(() => (child.kill("SIGKILL"), service.ended));

  /** The first line that the check likes. */
  service.line = (check) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no such line of ${file}:\n${service.lines.join("\n")}\n${service.stderr}`)), patience);
    const look = () => {
      const found = service.lines.find(check);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    service.onLine = look;
    service.ended.then(() => (look(), clearTimeout(timer), reject(new Error(`${file} ended:\n${service.lines.join("\n")}\n${service.stderr}`))));
    look();
  });
  return service;
}
