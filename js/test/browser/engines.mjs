// The three engines, each by the driver that it has. `go` opens a page; what else there is does what a page cannot do itself.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const MINI_BROWSERS = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser`);
const first = (paths) => paths.find((path) => existsSync(path));

export const ENGINES = {
  chromium: {
    program: process.env.CHROMIUM ?? first(["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]),
    async open(executablePath) {
      const { chromium } = await import("playwright-core");
      const browser = await chromium.launch({ executablePath, args: QUIET });
      const context = await browser.newContext();
      const page = await context.newPage();
      const devtools = await context.newCDPSession(page);
      return {
        go: (url) => page.goto(url),
        async offline(ms) {
          await context.setOffline(true);
          await sleep(ms);
          await context.setOffline(false);
          return true;
        },
        async freeze(ms) {
          await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
          await sleep(ms);
          await devtools.send("Page.setWebLifecycleState", { state: "active" });
          return true;
        },
        close: () => browser.close(),
      };
    },
  },
  firefox: {
    program: process.env.FIREFOX ?? first(["/usr/bin/firefox-esr", "/usr/bin/firefox"]),
    async open(executablePath) {
      const puppeteer = await import("puppeteer-core");
      const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
      const page = await browser.newPage();
      return { go: (url) => page.goto(url), close: () => browser.close() };
    },
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
      const service = new DriverService.Builder("/usr/bin/WebKitWebDriver").setPort(await freePort()).addArguments().setEnvironment(env);
      const running = addPort(service).build();
      const address = await running.start(20_000);
      const options = { binary, args: ["--automation"] };
      const wanted = new Capabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": options });
      const driver = await new Builder().usingServer(address).withCapabilities(wanted).build();
      return {
        go: (url) => driver.get(url),
        async close() {
          await driver.quit().catch(() => {});
          await running.kill().catch(() => {});
          screen.kill();
        },
      };
    },
  },
};

async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function addPort(builder) {
  const { port_: port } = builder;
  return builder.addArguments(`--port=${port}`);
}
