// Every body of `tests/cases`, decoded by this package, and what the command prints for it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "../src/index";
import type { Item, Outcome, ParseOptions, TidewireError } from "../src/index";
import { deltas } from "../src/llm";
import type { Delta, Dialect, Message, Reply } from "../src/llm";

interface Case {
  name: string;
  settings: ParseOptions & { dialect?: Dialect };
  body: string;
  chunk: number;
  printed: string[];
}

type Line = { [name: string]: unknown };

test("each case is what the command prints", async (t) => {
  const cases: Case[] = readFileSync(process.env.TIDEWIRE_CASES!, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.ok(cases.length > 1000);
  for (const one of cases) {
    const want = one.printed.map((line) => JSON.parse(line) as Line);
    assert.deepEqual(await printed(one), want, `${one.name}, in pieces of ${one.chunk}: ${JSON.stringify(one.settings)}`);
  }
  t.diagnostic(`${cases.length} cases`);
});

async function printed({ settings: { dialect, ...settings }, body, chunk }: Case): Promise<Line[]> {
  const bytes = new Uint8Array(Buffer.from(body, "hex"));
  const lines: Line[] = [];
  const options: ParseOptions = {
    ...settings,
    onComment: (comment) => lines.push({ type: "comment", comment }),
    onRetry: (ms) => lines.push({ type: "retry", ms }),
    onGap: (after) => lines.push(some({ type: "gap", after })),
    onError: ({ code, message, offset, limit }) => lines.push(some({ type: "error", code, message, offset, limit })),
  };
  const reply = dialect === undefined ? undefined : deltas(pieces(bytes, chunk), { ...options, dialect });
  const stream = reply ?? parse<Item>(pieces(bytes, chunk), options);
  let thrown: TidewireError | undefined;
  try {
    for await (const item of stream) lines.push("kind" in item ? lineOfDelta(item) : lineOfItem(item));
  } catch (error) {
    thrown = error as TidewireError;
  }
  const outcome = await stream.outcome;
  assert.equal(thrown?.code, /^(complete|ended)$/.test(outcome.outcome) ? undefined : outcome.outcome);
  if (reply) lines.push({ type: "message", ...lineOfMessage(await messageOf(reply, thrown)) });
  lines.push(lineOfOutcome(outcome));
  return lines;
}

async function* pieces(bytes: Uint8Array, chunk: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunk || bytes.length) yield bytes.subarray(at, at + (chunk || bytes.length));
}

/** Only a whole reply has a whole message; of others it is what came. */
async function messageOf(reply: Reply, thrown: TidewireError | undefined): Promise<Message> {
  if (!thrown) return reply.message;
  await assert.rejects(reply.message, thrown);
  return reply.soFar;
}

function lineOfItem(item: Item): Line {
  if (item.type === "record" && "value" in item) return { type: "record", index: item.index, value: item.value };
  if ("data" in item) return some({ type: "event", event: item.type, data: item.data, id: item.id || undefined });
  return { type: "text", text: (item as { text: string }).text };
}

function lineOfOutcome({ outcome, events, bytes, cursor, offset, limit, error }: Outcome): Line {
  return some({ type: "end", outcome, events, bytes, cursor, offset, limit, error });
}

function lineOfDelta(delta: Delta): Line {
  return { type: "delta", ...snake(delta) };
}

function lineOfMessage({ toolCalls, citations, usage, others, raw, ...texts }: Message | Message["others"][number] | any): Line {
  const list = (items: any[] | undefined, of: (item: any) => Line): Line[] | undefined => (items?.length ? items.map(of) : undefined);
  return some({
    ...snake(texts),
    tool_calls: list(toolCalls, ({ id, name, arguments: value, argumentsText }) =>
      snake(value === undefined ? { id, name, argumentsText } : { id, name, arguments: value }),
    ),
    citations: list(citations, snake),
    usage: Object.keys(usage ?? {}).length > 0 ? snake(usage) : undefined,
    others: list(others, lineOfMessage),
    raw: list(raw, snake),
  });
}

/** By the names of the lines, which leave out what is empty. */
function snake(fields: object): Line {
  const kept = Object.entries(fields).filter(([name, value]) => value !== "" && (name !== "choice" || value > 0));
  return some(Object.fromEntries(kept.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value])));
}

function some(line: Line): Line {
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
}
