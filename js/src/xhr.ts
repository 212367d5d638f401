// For hosts whose `fetch` gives no body. "tidewire/js" carries this, and uses it there by itself.
import { fetchOverXhr } from "./xhr-fetch.js";

/**
 * Streams over XMLHttpRequest, as the option `fetch`: `stream(url, { fetch: xhr })`.
 *
 * It reads ahead of the loop, for XMLHttpRequest cannot be slowed down. After 16 MiB of text a request is ended, and the stream is resumed
 * after its cursor like one that broke off; if that is not possible, it is `unreadable`.
 */
export const xhr: typeof fetch = /* @__PURE__ */ fetchOverXhr();
