/** In a page, which tells what came of it where its address says. */
export async function page(use) {
  const { base, key, report } = Object.fromEntries(new URLSearchParams(location.search));
  const result = await use(base, key).catch((error) => ({ error: `${error.stack ?? error}` }));
  await fetch(report, { method: "POST", mode: "no-cors", body: JSON.stringify(result) });
}
