/* The film that is watched. Several are at once (lanes.js), each by what runs for it. */
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage();

/** "30000/1001" as a number. */
export function rateOf(text) {
  const [num, den = '1'] = text.split('/');

  return Number(num) / Number(den);
}

/** What watching() was told, for all that runs in its body. */
export const film = () => current.getStore();

/**
 * Run body with this film: publication, rate ("30000/1001"; film() has it as a number, and as rateText), frames,
 * and where what comes from: spans ([frame of the film, source, frame of it], each up to the next), sound (from
 * `at` to `until`, in seconds, source is heard, from its own second `first` on). cues by language, places (frames to
 * seek to) and chapters ([frame, name]) where they are known.
 */
export function watching(told, body) {
  const made = { cues: null, places: null, chapters: [], ...told, rateText: told.rate, rate: rateOf(told.rate) };

  return current.run(made, body);
}
