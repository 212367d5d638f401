// The three engines, each by the driver that it has. `go` opens a page, `text` is what can be read on it, `shot` its picture as PNG; what
// else there is does what a page cannot do itself.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const MINI_BROWSERS = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser`);
const SHOWN = "() => document.body?.innerText ?? ''";
const first = (paths) => paths.find((path) => existsSync(path));

export const ENGINES = {
  chromium: {
    program: process.env.CHROMIUM ?? first(["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]),
    async open(executablePath) {
      const { page, ...common } = await puppet({ browser: "chrome", executablePath, args: QUIET });
      const devtools = await page.createCDPSession();
      return {
        ...common,
        async offline(ms) {
          await page.setOfflineMode(true);
          await sleep(ms);
          await page.setOfflineMode(false);
          return true;
        },
        async freeze(ms) {
          // Only a hidden page is frozen.
          const front = await common.browser.newPage();
          await front.bringToFront();
          await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
          await sleep(ms);
          await devtools.send("Page.setWebLifecycleState", { state: "active" });
          await front.close();
          await page.bringToFront();
          return true;
        },
      };
    },
  },
  firefox: {
    program: process.env.FIREFOX ?? first(["/usr/bin/firefox-esr", "/usr/bin/firefox"]),
    open: (executablePath) => puppet({ browser: "firefox", executablePath }),
  },
  webkit: {
    program: existsSync("/usr/bin/WebKitWebDriver") && existsSync("/usr/bin/Xvfb") ? first(MINI_BROWSERS) : undefined,
    async open(binary) {
      // `-displayfd` says which number was free.
      const screen = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
      const display = await new Promise((resolve, reject) => {
        screen.once("error", reject);
        screen.stdout.once("data", (number) => resolve(`:${String(number).trim()}`));
      });
      const { Builder, Capabilities } = await import("selenium-webdriver");
      const { DriverService } = await import("selenium-webdriver/remote/index.js");
      const env = { ...process.env, DISPLAY: display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" };
      const port = await freePort();
      const service = new DriverService.Builder("/usr/bin/WebKitWebDriver");
      const driving = service.setLoopback(true).setPort(port).addArguments(`--port=${port}`).setEnvironment(env).build();
      let driver;
      const close = async () => {
        await driver?.quit().catch(() => {});
        await driving.kill().catch(() => {});
        screen.kill();
      };
      try {
        const address = await driving.start(20_000);
        const options = { binary, args: ["--automation"] };
        const wanted = new Capabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": options });
        driver = await new Builder().usingServer(address).withCapabilities(wanted).build();
      } catch (error) {
        await close();
        throw error;
      }
      return {
        go: (url) => driver.get(url),
        text: () => driver.executeScript(`return (${SHOWN})()`),
        shot: async () => Buffer.from(await driver.takeScreenshot(), "base64"),
        leave: leaving((url) => driver.get(url), () => driver.navigate().back()),
        close,
      };
    },
  },
};

/** A browser that puppeteer drives, its page, and what can be done with both in every one of them. */
async function puppet(options) {
  const puppeteer = await import("puppeteer-core");
  const browser = await puppeteer.launch({ headless: true, ...options });
  const page = await browser.newPage();
  return {
    browser,
    page,
    go: (url) => page.goto(url),
    text: () => page.evaluate(`(${SHOWN})()`),
    shot: async () => Buffer.from(await page.screenshot()),
    close: () => browser.close(),
    leave: leaving((url) => page.goto(url), () => page.goBack()),
    async hide(ms) {
      const front = await browser.newPage();
      await front.bringToFront();
      await sleep(ms);
      await front.close();
      await page.bringToFront();
      return true;
    },
  };
}

/** Goes to another page for so long, and back. It is not waited for: a page with an open question of its own is not kept. */
function leaving(go, back) {
  return (ms, url) => {
    void (async () => {
      await sleep(200);
      await go(url);
      await sleep(ms);
      await back();
    })().catch((error) => console.error(`cannot leave and come back: ${error.message}`));
    return true;
  };
}

async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
