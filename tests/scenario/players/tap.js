/* Test Anything Protocol. */
let count = 0;
let failed = 0;

export function diagnostic(text) {
  for (const line of String(text).split('\n')) console.log(`# ${line}`);
}

/** Run one test: it fails by throwing. */
export async function test(name, body) {
  const started = Date.now();

  count++;
  try {
    await body();
    console.log(`ok ${count} - ${name} # ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return true;
  } catch (error) {
    const why = error.stack ?? String(error);

    failed++;
    console.log(`not ok ${count} - ${name}`);
    diagnostic(why);
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
