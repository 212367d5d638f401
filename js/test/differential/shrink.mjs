// Makes a failing case smaller for as long as it fails: a case is plain data, so that whatever can be left out of it is tried.

/** `fails` is asked of each candidate, at most so often. */
export async function shrink(whole, fails, tries = 4000) {
  let smallest = whole;
  let left = tries;
  const attempt = async (candidate) => {
    if (left-- <= 0 || !(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let before; before !== smallest && left > 0; ) {
    before = smallest;
    for (const path of pathsOf(smallest)) await reduce(path);
  }
  return smallest;

  async function reduce(path) {
    const value = at(smallest, path);
    if (Array.isArray(value)) {
      for (let size = value.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
        for (let from = 0; ; ) {
          const now = at(smallest, path);
          if (!Array.isArray(now) || from >= now.length) break;
          if (!(await attempt(put(smallest, path, [...now.slice(0, from), ...now.slice(from + size)])))) from += size;
        }
      }
    } else if (typeof value === "string" && path.at(-1) !== "kind") {
      for (let size = value.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
        for (let from = 0; ; ) {
          const now = at(smallest, path);
          if (typeof now !== "string" || from >= now.length) break;
          if (!(await attempt(put(smallest, path, now.slice(0, from) + now.slice(from + size))))) from += size;
        }
      }
    } else if (typeof value === "number" && value > 1) {
      for (const smaller of [0, 1, 10, 1000]) if (smaller < value && (await attempt(put(smallest, path, smaller)))) break;
    } else if (typeof value === "object" && value !== null) {
      for (const key of Object.keys(value)) {
        const { [key]: _, ...rest } = at(smallest, path) ?? {};
        await attempt(put(smallest, path, rest));
      }
    }
  }
}

/** All places of plain data, the outer ones first. */
function pathsOf(value, path = []) {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.keys(value).flatMap((key) => pathsOf(value[key], [...path, key]))];
}

function at(value, path) {
  for (const key of path) value = value?.[key];
  return value;
}

function put(value, [key, ...path], replacement) {
  if (key === undefined) return replacement;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === key ? put(one, path, replacement) : one));
  return { ...value, [key]: put(value[key], path, replacement) };
}
