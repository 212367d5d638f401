// What each entry of the package is used for: a reply read to its end, then one that is left in its middle.

/** The text of a reply to a POST and its outcome; `key` tells the server's log apart. */
export async function reply(stream, base, key) {
  const { text, outcome } = await read(stream(`${base}/ai/chat?interval_ms=2`, { method: "POST", json: { prompt: "why?" } }));
  for await (const event of stream(`${base}/chat?interval_ms=20&events=500&key=${key}`)) if (event.data) break;
  return { text, outcome };
}

/** The texts of replies in JSON lines: by their content type, by an option, and by a marker that only JSON has; and how they ended. */
export async function records(stream, base) {
  const all = [];
  for (const options of [{}, { format: "ndjson" }, { endOn: ["json:done=true"] }]) {
    const items = stream(`${base}/ndjson?interval_ms=2`, options);
    let text = "";
    for await (const { value } of items) text += value.message.content;
    all.push({ text, outcome: (await items.outcome).outcome });
  }
  return all;
}

async function read(items) {
  let text = "";
  for await (const { data } of items) text += JSON.parse(data).choices[0]?.delta.content ?? "";
  return { text, outcome: (await items.outcome).outcome };
}

/** What an EventSource brings over two connections, until the server tells it to stop. */
export function follow(EventSource, base) {
  return new Promise((resolve) => {
    const source = new EventSource(`${base}/notify?interval_ms=2`);
    let text = "";
    const take = ({ data }) => (text += data);
    for (const type of ["message", "update", "alert"]) source.addEventListener(type, take);
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve({ text, outcome: "closed" });
  });
}
