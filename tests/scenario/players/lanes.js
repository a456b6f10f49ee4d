/* Players beside each other: most of a row's time is a film that plays, and one needs less than a machine. */
import { film } from './film.js';

const LANES = 3; // at once
const FRAMES = 60; // a second that may be looked at, of all films together: of a faster one, it alone

/** Do the jobs, some at once, in their order. */
export async function lanes(jobs) {
  const left = [...jobs];
  const lane = async () => {
    while (left.length) await left.shift()();
  };

  await Promise.all(Array.from({ length: LANES }, lane));
}

let used = 0;
const waiting = []; // first come, first served: a fast film is not passed by slow ones for ever

function admit() {
  while (waiting.length && used + waiting[0].weight <= FRAMES) {
    used += waiting[0].weight;
    waiting.shift().go();
  }
}

/**
 * Run body when there is room for it: for all frames of the film where it counts each of them (every), else
 * for half of them, since a frame that such a row misses is no fault.
 */
export async function share(every, body) {
  const weight = Math.min(FRAMES, film().rate * (every ? 1 : 0.5));

  await new Promise((go) => {
    waiting.push({ weight, go });
    admit();
  });
  try {
    return await body();
  } finally {
    used -= weight;
    admit();
  }
}
