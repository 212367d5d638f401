// A job in a process of Node's own: `node harness.mjs JOB ARGUMENTS`.
const [, , name, given] = process.argv;
const clock = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const { default: job } = await import(`./jobs/${name}.mjs`);
const run = await job(JSON.parse(given), clock);
const [cpu, wall] = [clock(), performance.now()];
const said = await run();
console.log(JSON.stringify({ ...said, cpu: clock() - cpu, wall: 1000 * (performance.now() - wall) }));
