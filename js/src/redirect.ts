import type { SomeHeaders } from "./options.js";
import { isStream } from "./response.js";

/** As many as browsers follow. */
const MOST_REDIRECTS = 20;
const WORD = "(?:token|secret|key|auth|password|cookie|session|credential|signature)";
/** A word of the name begins or ends in one of these. The two exceptions only begin like it. */
const SECRET = /* @__PURE__ */ new RegExp(`\\b(?!tokens\\b|authenticate\\b)${WORD}|${WORD}\\b`);

/** A response, the URL that gave it, and whether the cursor was dropped on the way. */
export interface Followed {
  response: Response;
  url: URL;
  lostCursor: boolean;
}

/**
 * Sends a request and follows redirects, without the headers that another origin must not see. `fetch` itself would drop only some of
 * them. A page cannot do this: what its `fetch` is redirected to is hidden from it.
 */
export async function follow(send: typeof fetch, first: URL | Request, asked: URL, request: RequestInit): Promise<Followed> {
  let [to, url, sent, lostCursor] = [first, asked, request, false];
  for (let left = MOST_REDIRECTS; ; left--) {
    const response = await send(to, { ...sent, redirect: "manual" });
    const next = left > 0 ? target(response, url) : undefined;
    const { method, body } = sent;
    const becomesGet = response?.status === 303 ? method !== "GET" && method !== "HEAD" : response?.status < 303 && method === "POST";
    // A body that can be read only once has been read.
    const isSpent = !becomesGet && (isStream(body) || (to instanceof Request && to.body !== null));
    if (next === undefined || isSpent) return { response, url, lostCursor };
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
  }
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
