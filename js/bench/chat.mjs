// The reply that is streamed: chat events as OpenAI-shaped servers send them.
export const chunk = (n) =>
  JSON.stringify({ id: "chatcmpl-8a2f", object: "chat.completion.chunk", created: 1764000000, model: "gpt-x", choices: [{ index: 0, delta: { content: `token ${n} ` }, finish_reason: null }] });

export const END = "data: [DONE]\n\n";

/** In the place of `fetch`: one event a read, without a network. */
export async function reply(url) {
  const events = Number(new URL(url).searchParams.get("events"));
  const encoder = new TextEncoder();
  let n = 0;
  const pull = (controller) => {
    if (n === events) controller.enqueue(encoder.encode(END));
    else if (n > events) controller.close();
    else controller.enqueue(encoder.encode(`data: ${chunk(n)}\n\n`));
    n++;
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers: { "content-type": "text/event-stream" } });
}
