/** In a host that calls for each request. */
export const worker = (use) => ({
  async fetch(request) {
    const { base, key } = Object.fromEntries(new URL(request.url).searchParams);
    return Response.json(await use(base, key).catch(({ code, message }) => ({ code, message })));
  },
});
