// The list of streams that every language reads from `tidewire serve`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createClient } from "../src/index";
import type { Item, Outcome, StreamOptions, TidewireError } from "../src/index";
import { deltas } from "../src/llm";
import type { Delta, Dialect, Message } from "../src/llm";
import { serve } from "./serve";

interface Row {
  name: string;
  kind: "events" | "records" | "text" | "reply" | "frames";
  path: string;
  settings: StreamOptions & { dialect?: Dialect };
  expect: { [key: string]: any };
}

const { rows }: { rows: Row[] } = JSON.parse(readFileSync(process.env.TIDEWIRE_END_TO_END!, "utf8"));
const base = await serve();

for (const [number, row] of rows.entries()) test(row.name, () => read(row, number));

async function read({ kind, path, settings, expect }: Row, number: number): Promise<void> {
  const notices: string[] = [];
  const options = {
    ...settings,
    onAttempt: () => notices.push("attempt"),
    onStall: () => notices.push("stall"),
    onGap: () => notices.push("gap"),
    onReplayed: () => notices.push("replayed"),
    onComment: () => notices.push("comment"),
    onError: ({ code }: { code: string }) => notices.push(code),
  };
  const place = path.replace("{key}", `react-native-${number}`);
  const reply = kind === "reply" ? deltas(base + place, options) : undefined;
  const stream = reply ?? createClient({ baseUrl: base }).stream<Item>(place, options);
  const records: (Item | Delta)[] = [];
  let error: TidewireError | undefined;
  try {
    for await (const record of stream) records.push(record);
  } catch (thrown) {
    error = thrown as TidewireError;
  }
  const outcome = await stream.outcome;
  const message = reply && !error ? await reply.message : undefined;
  for (const [key, want] of Object.entries(expect)) {
    const have = had(key, { records, notices, outcome, error, message });
    if (key === "notices") for (const notice of want) assert.ok(have.includes(notice), `${notice} is not in ${have}`);
    else if (key === "message") assert.ok(have.includes(want), `${want} is not in ${have}`);
    else if (key === "text_begins") assert.ok(have.startsWith(want), have);
    else assert.deepEqual(have, want, key);
  }
  const isGood = outcome.outcome === "complete" || outcome.outcome === "ended";
  assert.equal(error?.code, isGood ? undefined : outcome.outcome);
  for (const key of ["status", "timeout", "limit"] as const) assert.equal(error?.[key], outcome[key]);
  assert.equal(stream.state, "closed");
  assert.equal(stream.stats.transport, "native");
  assert.equal(stream.stats.attempts, outcome.attempts);
}

interface Had {
  records: (Item | Delta)[];
  notices: string[];
  outcome: Outcome;
  error: TidewireError | undefined;
  message: Message | undefined;
}

function had(key: string, { records, notices, outcome, error, message }: Had): any {
  switch (key) {
    case "code":
      return outcome.outcome;
    case "records":
      return records.length;
    case "ids":
      return records.every((event, at) => (event as { id: string }).id === String(at + 1));
    case "text_begins":
      return records.map((piece) => (piece as { text: string }).text).join("");
    case "notices":
      return notices;
    case "message":
      return error?.message;
    case "finish":
      return message?.finish;
    default:
      return outcome[key as "attempts"];
  }
}
