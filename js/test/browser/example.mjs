// The page of `examples/page`, in front of an upstream.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../../../examples/page/server.mjs", import.meta.url));

/** Serves it on a free port; `cut` breaks off its connections upstream, `stop` ends it. */
export async function example(upstream) {
  const child = spawn(process.execPath, [SERVER], { env: { ...process.env, SERVE: upstream, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
  const [base] = await once(createInterface({ input: child.stdout }), "line");
  return {
    base: base.replace(/\/$/, ""),
    cut: () => fetch(new URL("/cut", base), { method: "POST" }),
    async stop() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}
