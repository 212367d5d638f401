// An XMLHttpRequest that a test plays by hand, in the order in which React Native's does things: it knows its URL after its head, tells of
// each piece by `readystatechange` and `progress`, and puts the words of an error in the place of its text.

/** A class whose requests play these lists of steps, one list each in the order in which they are sent. */
function playing(lists) {
  PlayedRequest.made.length = 0;
  return class extends PlayedRequest {
    async send(body) {
      this.body = body;
      const list = lists[PlayedRequest.made.push(this) - 1] ?? [];
      for (const step of list) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (!this.aborted) step(this);
      }
    }
  };
}

export class PlayedRequest {
  static made = [];
  static playing = playing;

  readyState = 0;
  status = 0;
  withCredentials = true;
  aborted = false;
  sent = {};
  #text = "";
  #headers = null;

  open(method, url) {
    Object.assign(this, { method, url, readyState: 1 });
  }

  setRequestHeader(name, value) {
    this.sent[name.toLowerCase()] = value;
  }

  get responseText() {
    return this.#text;
  }

  getAllResponseHeaders() {
    return this.#headers;
  }

  head(status, headers, url = this.url) {
    this.#headers = headers;
    this.status = status;
    this.#become(2);
    this.responseURL = url;
  }

  more(text) {
    this.#text += text;
    this.#become(3);
    this.onprogress?.();
  }

  /** Head and body at once, at the end. */
  whole(status, headers, text) {
    this.#headers = headers;
    this.#text = text;
    this.status = status;
    this.done("load");
  }

  done(how, words) {
    if (words !== undefined) this.#text = words;
    this.#become(4);
    this[`on${how}`]?.();
  }

  abort() {
    if (this.aborted || this.readyState === 4) return;
    this.aborted = true;
    this.#text = "";
    this.done("abort");
  }

  #become(state) {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}
