// The first parser of a program that has just been loaded.

/** What making it took, in µs of wall time. */
export default async function first() {
  const { createParser } = await import("../../dist/index.js");
  return () => {
    let data;
    const began = performance.now();
    const parser = createParser({ onEvent: (event) => (data = event.data) });
    const time = 1000 * (performance.now() - began);
    parser.push(new TextEncoder().encode("data: there\n\n"));
    if (data !== "there") throw new Error("it does not work");
    return { time };
  };
}
