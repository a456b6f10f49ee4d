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

export const options = {
  ...values,
  here,
  root,
  source: Number(values.source),
  frames: Number(values.frames),
  port: Number(values.port),
  seconds: Number(values.seconds),
  slow: Number(values.slow),
};
