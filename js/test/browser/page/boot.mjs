// Runs the test that the page's address names, and says how it went.
import { id } from "./tools.mjs";
import * as absence from "./absence.mjs";
import * as suite from "./suite.mjs";
import * as xhr from "./xhr.mjs";

const name = new URLSearchParams(location.search).get("test");
const result = {};
try {
  result.skipped = await { ...suite.tests, ...absence.tests, ...xhr.tests }[name]();
} catch (error) {
  result.error = `${error.stack ?? error}`;
  if (!result.error.includes(error.message)) result.error = `${error.message}\n${result.error}`;
}
await fetch(`/result?id=${id}`, { method: "POST", body: JSON.stringify(result) });
