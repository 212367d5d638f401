// A page that is hidden, frozen or in the back/forward cache, and comes back: a stream whose connection died meanwhile continues, a POST is
// not sent again, and a connection that lives is left alone. A server that says nothing more is to a page what a dead connection is.
import { stream } from "../dist/index.js";
import { engine, equal, host, ok, script, sleep, take, until } from "./tools.mjs";

const FIRST = "id: 1\ndata: a\n\n";
const SILENT = { parts: [FIRST], end: "stays" };
const REST = { parts: [{ echo: "last-event-id" }, "data: [DONE]\n\n"] };
/** An event every 200 ms, for longer than any of these absences and the second after it. */
const ALIVE = { parts: [FIRST, ...Array.from({ length: 30 }, (_, index) => [{ wait: 200 }, `id: ${index + 2}\ndata: b\n\n`]).flat(), "data: [DONE]\n\n"] };
/** So short that an absence of 1.5 s is a long one. */
const STALL = { stallAfter: 1000 };
const AWAY_MS = 1500;

/** Streams whose first event has come: two with connections that die, and one that lives. */
async function begin() {
  const streams = {};
  for (const [name, replies, options] of [
    ["dead", [SILENT, REST], {}],
    ["post", [SILENT, REST], { json: {} }],
    ["alive", [ALIVE, REST], {}],
  ]) {
    const { url, requests } = script(replies);
    const attempts = [];
    const s = stream(url, { ...STALL, ...options, onAttempt: ({ reason }) => attempts.push(reason) });
    await s.next();
    const one = { s, requests, attempts, doneAt: 0, over: take(s) };
    one.over.then(() => (one.doneAt = performance.now()));
    streams[name] = one;
  }
  return streams;
}

/** What became of them, when the page has come back at this time. */
async function continued({ dead, post, alive }, backAt, mayBeReplaced = false) {
  const { items, outcome } = await dead.over;
  equal([outcome.outcome, items.map(({ data }) => data), (await dead.requests()).length], ["complete", ["1"], 2]);
  const ms = Math.round(dead.doneAt - backAt);
  ok(ms < 2000, `continued ${ms} ms after the return`);
  await sleep(Math.max(0, backAt + 2500 - performance.now()));
  equal([(await post.requests()).length, post.attempts.length], [1, 1], "a POST is not sent again");
  post.s.close();
  const { items: living, outcome: lived } = await alive.over;
  const requests = (await alive.requests()).length;
  const said = `continued ${ms} ms after the return, because of: ${dead.attempts[1]}`;
  if (mayBeReplaced && requests === 2) return `${said}; the connection that lives brought nothing for a second, and was replaced`;
  equal([lived.outcome, living.length, requests], ["complete", 30, 1], "a connection that lives is left alone");
  return said;
}

/** Does what the page cannot do itself, and says when it was back; undefined if this driver cannot do it. */
async function away(how, isBack) {
  let backAt;
  const note = () => isBack() && (backAt ??= performance.now());
  for (const [target, type] of [[document, "visibilitychange"], [document, "resume"], [globalThis, "pageshow"]]) target.addEventListener(type, note);
  if (!(await host(how, AWAY_MS))) return undefined;
  await until(() => backAt !== undefined, "the page came back");
  return backAt;
}

/** Plays an absence: the events that a page gets, and nothing else. */
async function pretend(types) {
  const says = (isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    for (const [target, type] of types[isHidden ? 0 : 1]) target.dispatchEvent(type === "pageshow" ? new PageTransitionEvent(type, { persisted: true }) : new Event(type));
  };
  says(true);
  await sleep(AWAY_MS);
  says(false);
  return performance.now();
}
const HIDDEN = [[[document, "visibilitychange"]], [[document, "visibilitychange"]]];
const STORED = [[[globalThis, "pagehide"], [document, "visibilitychange"]], [[document, "visibilitychange"], [globalThis, "pageshow"]]];

export const tests = {
  async "a connection that died while the page was hidden"() {
    const streams = await begin();
    const backAt = await away("hide", () => !document.hidden);
    const said = await continued(streams, backAt ?? (await pretend(HIDDEN)));
    return backAt === undefined ? `this driver cannot hide a page; it was told so; ${said}` : said;
  },

  async "a connection that died while the page was frozen"() {
    const streams = await begin();
    const backAt = await away("freeze", () => !document.hidden);
    // What a thawed page's connections bring, Chromium may hold back for longer than the check lasts.
    if (backAt !== undefined) return continued(streams, backAt, true);
    for (const { s } of Object.values(streams)) s.close();
    return "this driver cannot freeze a page";
  },

  async "a connection that died while the page was in the back/forward cache, as its events say"() {
    return continued(await begin(), await pretend(STORED));
  },

  async "kept: a connection that died while the page was in the back/forward cache"() {
    // An engine that keeps no page with an open request loads it again.
    const key = new URLSearchParams(location.search).get("id");
    if (sessionStorage.getItem(key)) return `${engine} did not keep the page: ${reasons()}`;
    const { dead, post } = await begin();
    sessionStorage.setItem(key, "left");
    let isKept = false;
    addEventListener("pageshow", ({ persisted }) => (isKept ||= persisted));
    const backAt = await away("leave", () => isKept);
    if (backAt === undefined) return "this driver cannot go back";
    const { items, outcome } = await dead.over;
    equal([outcome.outcome, items.map(({ data }) => data), (await dead.requests()).length], ["complete", ["1"], 2]);
    const ms = Math.round(dead.doneAt - backAt);
    ok(ms < 2000, `continued ${ms} ms after the return`);
    await sleep(2500);
    equal((await post.requests()).length, 1, "a POST is not sent again");
    post.s.close();
    return `continued ${ms} ms after the return, because of: ${dead.attempts[1]}; the POST: ${(await post.s.outcome).outcome}`;
  },
};

/** Why it was loaded again, if the engine says so. */
function reasons() {
  const [{ notRestoredReasons }] = performance.getEntriesByType("navigation");
  return JSON.stringify(notRestoredReasons?.reasons?.map(({ reason }) => reason) ?? "it does not say why");
}
