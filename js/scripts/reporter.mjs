// A dot for each test that passes, all about each that does not, and node's own closing lines.
import { inspect } from "node:util";

export default async function* report(source) {
  let dots = 0;
  for await (const { type, data } of source) {
    if (type === "test:pass") {
      yield data.skip === undefined ? "." : "s";
      if (++dots % 100 === 0) yield "\n";
    } else if (type === "test:fail") {
      // A suite, or a file, fails with its tests.
      if (data.details.error?.failureType === "subtestsFailed") continue;
      const { error } = data.details;
      yield `\n✖ ${data.name} (${data.file}:${data.line})\n${inspect(error?.cause ?? error)}\n`;
    } else if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
    } else if (type === "test:diagnostic" && data.nesting === 0) {
      yield `${dots > 0 ? "\n" : ""}ℹ ${data.message}`;
      dots = 1;
    }
  }
  yield "\n";
}
