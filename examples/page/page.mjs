// The demo page that shows a reply as it arrives, over a connection that a button cuts.
import { stream } from "/tidewire/index.js";

const [ask, cut, stop, reply, line, log] = ["ask", "cut", "stop", "reply", "line", "log"].map((id) => document.getElementById(id));

ask.onclick = async () => {
  reply.textContent = "";
  log.replaceChildren();
  let resumes = 0;
  const show = (state) => (line.textContent = `${state} · resumed ${resumes} ${resumes === 1 ? "time" : "times"} · ${reply.textContent.length} characters`);
  const events = stream("/api/chat?ids=1&interval_ms=60", {
    retryDelay: 400,
    onAttempt({ attempt, reason, delayMs, cursor }) {
      if (attempt === 1) return;
      resumes++;
      const what = document.createElement("li");
      what.textContent = `request ${attempt}, reason: ${reason}, in ${Math.round(delayMs)} ms, after event ${cursor}`;
      log.append(what);
      show("waiting");
    },
  });
  ask.disabled = true;
  cut.disabled = stop.disabled = false;
  stop.onclick = () => events.close();
  try {
    for await (const { data } of events) {
      reply.append(JSON.parse(data).choices[0].delta.content ?? "");
      show("streaming");
    }
  } catch (error) {
    reply.append(`\n[${error.message}]`);
  }
  show((await events.outcome).outcome);
  ask.disabled = false;
  cut.disabled = stop.disabled = true;
};

cut.onclick = () => fetch("/cut", { method: "POST" });
