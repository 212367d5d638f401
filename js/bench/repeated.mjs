/**
 * The median time of so many runs in µs, and what each read: `read` gets the chunks and a function that takes each text. What is not looked at
 * need not be made, so each is.
 */
export function repeated(read, chunks, runs, clock) {
  const times = [];
  let events;
  let units;
  for (let run = 0; run < runs; run++) {
    events = 0;
    units = 0;
    const began = clock();
    read(chunks, (text) => {
      events++;
      units += text.length + (text.charCodeAt(text.length - 1) % 2);
    });
    times.push(clock() - began);
  }
  times.sort((a, b) => a - b);
  return { time: times[Math.floor(runs / 2)], bytes: chunks.reduce((sum, { length }) => sum + length, 0), events, units };
}
