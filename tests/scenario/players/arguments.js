/* What the player tests are told: --name value, or the environment. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');

const { values } = parseArgs({
  options: {
    base: { type: 'string' }, // http://127.0.0.1:8080; without it a film is made and served here
    publication: { type: 'string' },
    films: { type: 'string', default: '' }, // a file: films of it in place of one, compositions.py writes it
    source: { type: 'string', default: '1' }, // of the codes in it
    rate: { type: 'string', default: '25' },
    frames: { type: 'string', default: '0' }, // 0: not known, then the player's duration decides
    sample: { type: 'string', default: path.join(root, 'build/tests/fixtures/sampan-sample') },
    web: { type: 'string', default: path.join(root, 'web/dist') },
    port: { type: 'string', default: '18500' }, // of the server here
    only: { type: 'string', default: '' }, // scenarios whose name has this
    shots: { type: 'string', default: '' }, // a folder for screenshots
    seconds: { type: 'string', default: '0' }, // play no longer than this; 0: to the end
    slow: { type: 'string', default: '1' }, // the page's own thread as many times slower: finds races
    sabotage: { type: 'string', default: '' }, // make something wrong: the tests must see it
    material: { type: 'string', default: process.env.SAMPAN_MATERIAL ?? '' },
    chromium: { type: 'string', default: process.env.CHROMIUM ?? '/usr/bin/chromium' },
  },
});

const source = Number(values.source);

export const options = {
  ...values,
  here,
  root,
  source,
  frames: Number(values.frames),
  port: Number(values.port),
  seconds: Number(values.seconds),
  slow: Number(values.slow),
};

/**
 * What is watched from now on: publication, rate ("30000/1001"), frames, and where what comes from: spans
 * ([frame of the film, source, frame of it], each up to the next), sound (from `at` to `until`, in seconds,
 * source is heard, from its own second `first` on). cues by language, places (frames to seek to) and
 * chapters ([frame, name]) where they are known.
 */
export function watching(film) {
  const [num, den = '1'] = film.rate.split('/');

  Object.assign(options, { cues: null, places: null, chapters: [] }, film, { rateText: film.rate, rate: Number(num) / Number(den) });
}

watching({ rate: values.rate, spans: [[0, source, 0]], sound: { at: 0, source, first: 0 } });
