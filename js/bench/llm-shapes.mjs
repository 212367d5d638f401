// Replies as providers stream them, as lists of chunks of about `size` bytes in all.
const bytes = (text) => new TextEncoder().encode(text);

const WORDS = ["The ", "quick ", "brown ", "fox", " jumps", " over", " the", " lazy", " dog", "."];
const CJK = ["世界", "你好", "今天", "天气", "很好", "我们", "一起", "学习", "语言", "模型"];

/** A chunk of an OpenAI chat. */
const chat = (delta, finish = null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-8a2f", object: "chat.completion.chunk", created: 1764000000, model: "gpt-x", system_fingerprint: "fp_1", choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`;

function openai(size, words, repeat = 1) {
  const events = [chat({ role: "assistant", content: "" })];
  for (let n = 0, length = 0; length < size; n++) {
    events.push(chat({ content: words[n % 10].repeat(repeat) }));
    length += events.at(-1).length;
  }
  return [...events, chat({}, "stop"), "data: [DONE]\n\n"];
}

const anthropicEvent = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

function anthropic(size) {
  const usage = { input_tokens: 9, output_tokens: 1 };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [], stop_reason: null, stop_sequence: null, usage };
  const events = [{ type: "message_start", message }, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }].map(anthropicEvent);
  for (let n = 0, length = 0; length < size; n++) {
    events.push(anthropicEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: WORDS[n % 10] } }));
    length += events.at(-1).length;
  }
  const last = [{ type: "content_block_stop", index: 0 }, { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 9 } }, { type: "message_stop" }];
  return [...events, ...last.map(anthropicEvent)];
}

function cut(events, size) {
  const body = bytes(events.join(""));
  const chunks = [];
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
  return chunks;
}

/** The arguments of a call: a JSON text of so many characters. */
export function argumentsOf(characters) {
  const items = [];
  for (let n = 0, length = 2; length < characters - 60; n++) {
    items.push(JSON.stringify({ name: `value ${n}`, n, list: [true, null, "a \"quoted\" text"] }));
    length += items.at(-1).length + 1;
  }
  return `{"items":[${items}]}`;
}

/** A tool call whose arguments come in fragments of so many characters, an event each. */
export function toolCall(text, fragment) {
  const call = (more) => chat({ tool_calls: [{ index: 0, ...more }] });
  const events = [call({ id: "call_1", type: "function", function: { name: "f", arguments: "" } })];
  for (let at = 0; at < text.length; at += fragment) events.push(call({ function: { arguments: text.slice(at, at + fragment) } }));
  return [...events, chat({}, "tool_calls"), "data: [DONE]\n\n"].map(bytes);
}

export const SHAPES = {
  "16 KiB chunks": (size) => cut(openai(size, WORDS), 16384),
  "one event a chunk": (size) => openai(size, WORDS).map(bytes),
  CJK: (size) => cut(openai(size, CJK), 16384),
  "Anthropic, 16 KiB chunks": (size) => cut(anthropic(size), 16384),
  "Anthropic, one event a chunk": (size) => anthropic(size).map(bytes),
};
