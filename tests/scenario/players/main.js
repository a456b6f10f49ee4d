/*
 * Players against a running Sampan: node main.js --base http://127.0.0.1:8080 --publication ID. Without
 * --base a film is made by ffmpeg and served here. Prints TAP; exits 0 where nothing failed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { options } from './arguments.js';
import * as browser from './browser.js';
import { openBare } from './bare.js';
import { chapters } from './chapters.js';
import { choices } from './choices.js';
import { reachesNobody } from './bundle.js';
import { film, watching } from './film.js';
import { lanes, share } from './lanes.js';
import { hasSchema, mpd, playlists } from './manifests.js';
import * as pages from './pages.js';
import * as player from './player.js';
import { openWatch } from './shaka.js';
import { diagnostic, finish, skip, test } from './tap.js';

const wanted = (name) => name.includes(options.only);
const row = (name, body) => (wanted(name) ? share(false, () => test(name, body)) : undefined);

const STEPS = [
  ['plays every frame, in its place', player.playsThrough],
  ['seeks to the frames of the place', player.seeks],
  ['seeks to the very frame while paused', player.seeksPaused],
  ['changes the language that is heard', player.changesAudio],
  ['shows subtitles in their time', player.showsSubtitles],
  ['shows every rendition', player.switches],
];

const CHAPTER_PAGES = [['en', 1280], ['zh-Hans', 375], ['zh-Hant', 1280]];

/** One player, from its start to its end: every row stands on the page the one before left. */
async function scenario(name, open, all = STEPS) {
  const steps = all.filter(([step]) => wanted(`${name} ${step}`));

  if (!steps.length) return;
  let driver;
  if (!(await share(false, () => test(`${name} opens`, async () => (driver = await open()))))) return;
  if (!steps.some(([, body]) => body === player.playsThrough)) {
    await player.until('a picture', () => player.video(driver.tab, 'return video?.readyState >= 2;'));
    await player.watch(driver.tab);
  }
  for (const [step, body] of steps)
    await share(body === player.playsThrough, () => test(`${name} ${step}`, () => browser.telling(driver, () => body(driver))));
  await test(`${name} asks no other host and meets no error`, async () => {
    assert.deepEqual(driver.foreign, []);
    assert.deepEqual(driver.errors, []);
    assert.deepEqual((await driver.problems?.()) ?? [], []);
  });
  await driver.close();
}

/** The manifests, and the pages around a film. */
async function around() {
  await row('what is built names no other host', reachesNobody);
  await row('hls-parser accepts every playlist', playlists);
  if (hasSchema()) await row('the DASH schema accepts the MPD', mpd);
  else if (wanted('the DASH schema accepts the MPD')) skip('the DASH schema accepts the MPD', 'no schema: --material');
  for (const lang of pages.languages) {
    await row(`the list in ${lang}`, () => pages.startPage(lang));
    await row(`the watch page in ${lang}`, () => pages.watchPage(lang));
    await row(`a film that is not there, in ${lang}`, () => pages.missingFilm(lang));
  }
  await row('the choice of language is kept', pages.languageChoice);
  await row('the watch page by keyboard alone', pages.keyboard);
}

/** Everything of one film. */
const one = () => [
  () => scenario('Shaka with DASH', () => openWatch('dash'), [...STEPS, ...choices]),
  () => scenario('Shaka with HLS', () => openWatch('hls'), [...STEPS, ...choices]),
  () => scenario('hls.js', () => openBare('hls')),
  () => scenario('dash.js', () => openBare('dash')),
  around,
];

async function spoilt() {
  await row(`${film().name} is found out`, async () => {
    const driver = await openWatch('dash');

    await assert.rejects(player.playsThrough(driver), /shown frames are wrong/);
    await driver.close();
  });
}

/** Of many films all frames, at the places that are named; of a full one the rest too. */
function many({ name, chapters: named, full, spoilt: wrong }, number) {
  const short = STEPS.filter(([, body]) => [player.playsThrough, player.seeksPaused].includes(body));
  const steps = full ? STEPS : short;
  /* Shaka takes a full one by DASH and by HLS, the others by turns. */
  const ways = full ? ['dash', 'hls'] : [['dash', 'hls'][number % 2]];

  if (wrong) return [spoilt];
  return [
    ...ways.map((way) => () => scenario(`${name}: Shaka with ${way.toUpperCase()}`, () => openWatch(way), steps)),
    () => scenario(`${name}: hls.js`, () => openBare('hls'), steps),
    async () => {
      await row(`${name}: hls-parser accepts every playlist`, playlists);
      for (const [lang, width] of !named.length ? [] : full ? CHAPTER_PAGES : CHAPTER_PAGES.slice(0, 1))
        await row(`${name}: chapters on the bar, in a menu and by keys, in ${lang}`, () => chapters(lang, width));
    },
  ];
}

const scratch = mkdtempSync(path.join(tmpdir(), 'sampan-players-'));
let stop = async () => {};

try {
  if (!options.base) {
    const { serveStatic } = await import('./static.js');
    stop = await serveStatic(scratch);
  }
  options.base = options.base.replace(/\/$/, '');
  diagnostic(`${options.base} in Chromium ${await browser.open()}`);
  const { publication, rate, frames, source } = options;
  const list = options.films
    ? JSON.parse(readFileSync(options.films, 'utf8'))
    : [{ publication, rate, frames, source, spans: [[0, source, 0]], sound: { at: 0, source, first: 0 } }];
  /* The longest first. */
  const order = [...list].sort((a, b) => Number(b.full ?? false) - Number(a.full ?? false));

  await lanes(order.flatMap((told) => (options.films ? many(told, list.indexOf(told)) : one()).map((job) => () => watching(told, job))));
} finally {
  await browser.close();
  await stop();
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = finish() ? 1 : 0;
