// The demo page that shows a model's reply as it grows: reasoning, text, arguments of tool calls, usage, and how it truly ended.
import { deltas } from "/tidewire/llm.js";

const DIALECTS = "openai-chat openai-responses anthropic gemini ollama cohere mistral bedrock-json vercel-ui ag-ui".split(" ");
const ENDS = {
  complete: "complete: the provider said so",
  truncated: "truncated: this is not the whole reply",
  cancelled: "stopped",
};

const [dialect, ask, cut, stop, reasoning, text, calls, line, log] = ["dialect", "ask", "cut", "stop", "reasoning", "text", "calls", "line", "log"].map((id) =>
  document.getElementById(id),
);
dialect.append(...DIALECTS.map((name) => new Option(name)));

/** Shows the message so far; the arguments of a call are a value at any time. */
function show(message) {
  reasoning.textContent = message.reasoning;
  reasoning.hidden = message.reasoning === "";
  text.textContent = message.text;
  calls.replaceChildren(
    ...message.toolCalls.map(({ name, arguments: value }) => {
      const shown = document.createElement("pre");
      shown.textContent = `${name} ${JSON.stringify(value, null, 2) ?? ""}`;
      return shown;
    }),
  );
}

function say(words) {
  const item = document.createElement("li");
  item.textContent = words;
  log.append(item);
}

ask.onclick = async () => {
  log.replaceChildren();
  // A GET, which is how one reads a response that runs in the background: OpenAI's resumes where it broke, the others cannot.
  const reply = deltas(`/api/llm?dialect=${dialect.value}&interval_ms=60`, {
    dialect: dialect.value,
    retryDelay: 400,
    onAttempt: ({ attempt, reason, cursor }) => attempt > 1 && say(`request ${attempt}, reason: ${reason}, after event ${cursor}`),
  });
  ask.disabled = true;
  cut.disabled = stop.disabled = false;
  stop.onclick = () => reply.close();
  line.textContent = "streaming";
  try {
    // Draw once per read, whatever it delivered.
    for await (const _ of reply.batches()) show(reply.soFar);
  } catch {
    // The outcome below tells what happened.
  }
  const { outcome, error } = await reply.outcome;
  const { finish, usage } = reply.soFar;
  show(reply.soFar);
  line.textContent = [ENDS[outcome] ?? `${outcome}: ${error}`, finish && `finish: ${finish}`].filter(Boolean).join(" · ");
  for (const [name, count] of Object.entries(usage)) say(`${name}: ${count}`);
  ask.disabled = false;
  cut.disabled = stop.disabled = true;
};

cut.onclick = () => fetch("/cut", { method: "POST" });

// `/llm.html?dialect=anthropic` sends the request at once.
const given = new URLSearchParams(location.search).get("dialect");
if (given !== null) {
  dialect.value = given;
  ask.click();
}
