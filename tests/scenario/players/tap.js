/* Test Anything Protocol. Tests may run at once: what one has to say is printed with its result. */
import { AsyncLocalStorage } from 'node:async_hooks';

const said = new AsyncLocalStorage();
let count = 0;
let failed = 0;

export function diagnostic(text) {
  const lines = String(text).split('\n').map((line) => `# ${line}`);
  const held = said.getStore();

  if (held) held.push(...lines);
  else console.log(lines.join('\n'));
}

/** Run one test: it fails by throwing. */
export async function test(name, body) {
  const started = Date.now();
  const lines = [];
  const print = (line) => console.log([line, ...lines].join('\n'));

  try {
    await said.run(lines, body);
    print(`ok ${++count} - ${name} # ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return true;
  } catch (error) {
    const why = error.stack ?? String(error);

    failed++;
    said.run(lines, () => diagnostic(why));
    print(`not ok ${++count} - ${name}`);
    console.error(`${name}: ${why}`); // what shows only this, as meson does of TAP, shows the reason too
    return false;
  }
}

export function skip(name, why) {
  count++;
  console.log(`ok ${count} - ${name} # SKIP ${why}`);
}

export function finish() {
  console.log(`1..${count}`);
  return failed;
}
