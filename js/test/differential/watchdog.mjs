// A build that never returns says nothing, so another thread looks whether the cases go on.
import { writeSync } from "node:fs";
import { Worker, isMainThread, workerData } from "node:worker_threads";

const LONGEST_MS = 20_000;

/** Returns what is to be called at the start of each case, and what ends the watch. */
export function watch(kinds) {
  const state = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(new URL(import.meta.url), { workerData: { state, kinds } });
  worker.unref();
  return {
    begin(kind, number) {
      state[0]++;
      state[1] = kinds.indexOf(kind);
      state[2] = number;
    },
    stop: () => worker.terminate(),
  };
}

if (!isMainThread && workerData?.kinds) {
  const { state, kinds } = workerData;
  let seen;
  setInterval(() => {
    if (Atomics.load(state, 0) === seen) {
      // Neither console nor exit(): both wait for the thread that hangs.
      writeSync(1, `\n${kinds[Atomics.load(state, 1)]}:${Atomics.load(state, 2)} does not end; run it alone with --only\n`);
      process.kill(process.pid, "SIGKILL");
    }
    seen = Atomics.load(state, 0);
  }, LONGEST_MS);
}
