// The memory of the processes in which pages run, as Linux counts it.
import { readFileSync, readdirSync } from "node:fs";

const IS_PAGE = /--type=renderer|-contentproc[^]*\btab\b|WebKitWebProcess/;

/** Of each such process that this one has started: `{ pid, rss, peak }`, in bytes. Nothing where there is no `/proc`. */
export function webProcesses() {
  const parents = new Map();
  for (const pid of numbered()) {
    const [, parent] = /^PPid:\s+(\d+)/m.exec(read(pid, "status")) ?? [];
    parents.set(pid, parent);
  }
  const isOurs = (pid) => pid === String(process.pid) || (parents.has(pid) && isOurs(parents.get(pid)));
  return [...parents.keys()]
    .filter((pid) => isOurs(pid) && IS_PAGE.test(read(pid, "cmdline")))
    .map((pid) => {
      const status = read(pid, "status");
      const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024;
      return { pid: Number(pid), rss: bytes("VmRSS"), peak: bytes("VmHWM") };
    });
}

function numbered() {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** A process may be gone by now. */
function read(pid, what) {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return "";
  }
}
