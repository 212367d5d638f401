// Where the functions and the data of a compiled core lie. It imports nothing, so its first function has the index 0.
const IMPORT = 2;
const CODE = 10;
const DATA = 11;
/** After the magic number and the version. */
const FIRST_SECTION = 8;

/** The ranges `[start, end]` of each function's body with its length, by index, and of the data. */
export function rangesOf(bytes) {
  let at = FIRST_SECTION;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const functions = [];
  let data = [0, 0];
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = number();
    const end = at + length;
    if (id === IMPORT) throw new Error("this core has imports, which are not expected here");
    if (id === DATA) data = [at, end];
    if (id === CODE)
      for (let left = number(); left > 0; left--) {
        const start = at;
        at = number() + at;
        functions.push([start, at]);
      }
    at = end;
  }
  return { functions, data };
}
