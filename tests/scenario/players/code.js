/*
 * The picture code, read in a page: the same as code_read() of tests/fixtures/code.c. The function goes
 * into pages as text, so it uses nothing from outside of itself.
 */
export function readCode(luma, width, height) {
  const COLUMNS = 20;
  const BITS = 40;
  const LEAST = 28;
  const middle = (from, to) => {
    const quarter = Math.floor((to - from) / 4);
    return [from + quarter, to - quarter];
  };
  const column = (c) => middle(Math.floor((width * (c + 1)) / 22), Math.floor((width * (c + 2)) / 22));
  const row = (r) => middle(Math.floor((height * (r + 1)) / 20), Math.floor((height * (r + 2)) / 20));
  const mean = ([x0, x1], [y0, y1]) => {
    let sum = 0;
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += luma(x, y);
    return sum / ((x1 - x0) * (y1 - y0));
  };
  let sync = 0;
  let source = 0;
  let frame = 0;

  for (let place = 0; place < BITS; place++) {
    const r = Math.floor(place / COLUMNS) * 2;
    const x = column(place % COLUMNS);
    const plain = mean(x, row(r));
    const other = mean(x, row(r + 1));

    if (Math.abs(plain - other) < LEAST) return null;
    const bit = plain > other ? 1 : 0;
    if (place < 8) sync = sync * 2 + bit;
    else if (place < 16) source = source * 2 + bit;
    else frame = frame * 2 + bit;
  }
  return sync === 0xa5 ? { source, frame } : null;
}
