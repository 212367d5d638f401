import type { SomeHeaders } from "./options.js";

/** As many as browsers follow. */
const MOST_REDIRECTS = 20;
const WORD = "(?:token|secret|key|auth|password|cookie|session|credential|signature)";
/** A word of the name begins or ends in one of these. The two exceptions only begin like it. */
const SECRET = new RegExp(`\\b(?!tokens\\b|authenticate\\b)${WORD}|${WORD}\\b`);

/** A response, the URL that gave it, and whether the cursor was dropped on the way. */
export interface Followed {
  response: Response;
  url: URL;
  lostCursor: boolean;
}

/**
 * Follows the redirects of a request that was sent, without the headers that another origin must not see. `fetch` itself would drop only
 * some of them. A page cannot do this: what its `fetch` is redirected to is hidden from it. So pages never load this module, and it imports
 * nothing that they do load, which bundlers would split off too.
 */
export async function follow(send: typeof fetch, { response, url }: Omit<Followed, "lostCursor">, first: URL | Request, request: RequestInit): Promise<Followed> {
  let [to, sent, lostCursor] = [first, request, false];
  for (let left = MOST_REDIRECTS; left > 0; left--) {
    const next = target(response, url);
    const { method, body } = sent;
    const becomesGet = response?.status === 303 ? method !== "GET" && method !== "HEAD" : response?.status < 303 && method === "POST";
    // A body that can be read only once has been read.
    const isOnce = (to instanceof Request && to.body !== null) || typeof (body as ReadableStream | null | undefined)?.getReader === "function";
    if (next === undefined || (isOnce && !becomesGet)) break;
    response.body?.cancel().catch(() => {});
    const headers = new Headers(sent.headers as SomeHeaders);
    sent = { ...sent, headers };
    if (becomesGet) {
      sent.method = "GET";
      delete sent.body;
    }
    for (const name of [...headers.keys()]) {
      const isPrivate = next.origin !== url.origin && isSecret(name);
      lostCursor ||= isPrivate && name === "last-event-id";
      if (isPrivate || (becomesGet && name.startsWith("content-"))) headers.delete(name);
    }
    to = url = next;
    response = await send(to, sent);
  }
  return { response, url, lostCursor };
}

function isSecret(name: string): boolean {
  if (/idempotency.?key$/.test(name)) return false;
  return SECRET.test(name.replaceAll("_", "-")) || ["last-event-id", "host", "referer"].includes(name);
}

/** Where a redirect leads; none if it cannot be followed. */
function target(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response?.status)) return undefined;
  const location = response.headers.get("location");
  try {
    const url = new URL(location ?? "", from);
    // The user and password of a redirect are not the caller's.
    url.username = url.password = "";
    return location !== null && /^https?:/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}
