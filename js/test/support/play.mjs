// One reply through a stream's machine, to a request that is not sent again.
import { DO_CLOSED, DO_CONNECT, DO_DELIVER, HAS_BROKE_IN_BODY } from "../../dist/generated/abi.js";

/** `deliver` is called for each table of rows. */
export function play(machine, { contentType = null, broken = false }, pieces, deliver) {
  const read = (what = machine.advance()) => {
    for (; what === DO_DELIVER; what = machine.advance()) deliver();
    return what;
  };
  machine.handle("start");
  if (read() !== DO_CONNECT) throw new Error("no request");
  machine.head(200, new Headers(contentType === null ? {} : { "content-type": contentType }), false);
  let what = read();
  for (const piece of pieces) {
    if (what === DO_CLOSED) break;
    what = read(machine.received(piece));
  }
  if (broken) machine.broke(HAS_BROKE_IN_BODY, "reset");
  else machine.handle("body_end");
  if (read() !== DO_CLOSED) throw new Error("the request is not sent again, yet it goes on");
}
