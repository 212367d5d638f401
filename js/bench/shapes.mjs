// Ten shapes of an SSE body, as lists of chunks.
const bytes = (text) => new TextEncoder().encode(text);
const MIB = 1024 * 1024;

/** A chunk of a chat, as OpenAI-shaped servers send it. */
const chat = (n, token) =>
  `data: {"id":"chatcmpl-8a2f","object":"chat.completion.chunk","created":1764000000,"model":"gpt-x","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"${token}"},"logprobs":null,"finish_reason":null}],"n":${n}}\n\n`;

const WORDS = ["The ", "quick ", "brown ", "fox", " jumps", " over", " the", " lazy", " dog", "."];
const CJK = ["世界", "你好", "今天", "天气", "很好", "我们", "一起", "学习", "语言", "模型"];

function events(size, make) {
  const list = [];
  for (let n = 0, length = 0; length < size; n++) {
    const event = make(n);
    list.push(event);
    length += event.length;
  }
  return list;
}

function cut(events, size) {
  const body = bytes(events.join(""));
  const chunks = [];
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
  return chunks;
}

const english = (size) => events(size, (n) => chat(n, WORDS[n % 10]));
const chinese = (size) => events(size, (n) => `data: {"t":"${CJK[n % 10].repeat(8)}"}\n\n`);
const each = (list) => list.map(bytes);

const large = (mib) => () => cut([`data: ${"x".repeat(mib * MIB)}\n\n`], 1024);

/** Each gives chunks anew, of about `size` bytes. */
const SHAPES = {
  "16 KiB chunks": (size) => cut(english(size), 16384),
  "one event a chunk": (size) => each(english(size)),
  "64 B chunks": (size) => cut(english(size / 4), 64),
  tiny: (size) => cut(events(size / 4, () => "data: x\n\n"), 16384),
  CJK: (size) => cut(chinese(size), 16384),
  "event + data": (size) => cut(events(size, (n) => `event: delta\n${chat(n, WORDS[n % 10])}`), 16384),
  CRLF: (size) => cut(english(size).map((event) => event.replaceAll("\n", "\r\n")), 16384),
  "8-line data": (size) => cut(events(size, (n) => `${`data: line ${n} of some length to be joined\n`.repeat(8)}\n`), 16384),
  "one 8 MiB event": large(8),
  ids: (size) => cut(events(size, (n) => `id: ${n}\n${chat(n, WORDS[n % 10])}`), 16384),
};

/** One event in 1 KiB chunks, ever larger. */
export const LARGE = { 1: large(1), 2: large(2), 4: large(4), 8: large(8) };

export const NAMES = Object.keys(SHAPES);

export function shape(of, size) {
  return (SHAPES[of] ?? LARGE[of])(size);
}
