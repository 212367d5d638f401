// A page in place of none: what a stream listens to there.

export class Page {
  #host = new EventTarget();
  #document = new EventTarget();
  #clock;
  isHidden = false;

  constructor(clock) {
    this.#clock = clock;
  }

  install() {
    const page = this;
    const document = this.#document;
    globalThis.addEventListener = this.#host.addEventListener.bind(this.#host);
    globalThis.document = {
      get hidden() {
        return page.isHidden;
      },
      baseURI: "http://page.invalid/",
      addEventListener: document.addEventListener.bind(document),
    };
  }

  uninstall() {
    delete globalThis.addEventListener;
    delete globalThis.document;
  }

  does(what) {
    if (what === "online" || what === "pageshow") {
      if (what === "pageshow") this.isHidden = false;
      this.#host.dispatchEvent(new Event(what));
    } else {
      this.isHidden = what === "hide";
      if (!this.isHidden) this.#clock.passOnWall(7000);
      this.#document.dispatchEvent(new Event("visibilitychange"));
    }
  }
}
