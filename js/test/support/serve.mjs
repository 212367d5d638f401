// `tidewire serve` as a child process.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Starts it on a free port; `stop` ends it. */
export async function serve(command) {
  const child = spawn(command, ["serve", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const base = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
    // It says where it listens, on whichever of the two.
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on("line", (line) => {
        const found = /https?:\/\/[^\s/"]+/.exec(line);
        if (found) resolve(found[0]);
      });
    }
  });
  return {
    base,
    /** The requests of a path, as the server saw them. */
    async requests(path) {
      const log = await (await fetch(`${base}/_log`)).json();
      return log.filter((request) => request.path.startsWith(path));
    },
    /** The same, once the last one has ended. */
    async ended(path) {
      for (;;) {
        const requests = await this.requests(path);
        if (requests.length > 0 && requests.every(({ response }) => response !== undefined)) return requests;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await gone;
    },
  };
}
