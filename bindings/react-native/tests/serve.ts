// `tidewire serve` as a child process.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after } from "node:test";

/** Starts it on a free port, until the tests of the file are over, and returns its URL. */
export async function serve(): Promise<string> {
  const child = spawn(process.env.TIDEWIRE!, ["serve", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  after(async () => {
    child.kill();
    await gone;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line).url));
  });
}
