// For pages and for Node.
/** All items, the error that the loop threw, and the outcome. */
export async function take(s) {
  const items = [];
  let error;
  try {
    for await (const item of s) items.push(item);
  } catch (thrown) {
    error = thrown;
  }
  return { items, error, outcome: await s.outcome };
}
