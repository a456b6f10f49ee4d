/*
 * Players against a running Sampan: node main.js --base http://127.0.0.1:8080 --publication ID. Without
 * --base a film is made by ffmpeg and served here. Prints TAP; exits 0 where nothing failed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { options, watching } from './arguments.js';
import * as browser from './browser.js';
import { openBare } from './bare.js';
import { chapters } from './chapters.js';
import { choices } from './choices.js';
import { reachesNobody } from './bundle.js';
import { hasSchema, mpd, playlists } from './manifests.js';
import * as pages from './pages.js';
import * as player from './player.js';
import { openWatch } from './shaka.js';
import { diagnostic, finish, skip, test } from './tap.js';

const wanted = (name) => name.includes(options.only);
const row = (name, body) => (wanted(name) ? test(name, body) : undefined);

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
  if (!(await test(`${name} opens`, async () => (driver = await open())))) return;
  if (!steps.some(([, body]) => body === player.playsThrough)) {
    await player.until('a picture', () => player.video(driver.tab, 'return video?.readyState >= 2;'));
    await player.watch(driver.tab);
  }
  for (const [step, body] of steps) await test(`${name} ${step}`, () => browser.telling(driver, () => body(driver)));
  await test(`${name} asks no other host and meets no error`, async () => {
    assert.deepEqual(driver.foreign, []);
    assert.deepEqual(driver.errors, []);
    assert.deepEqual((await driver.problems?.()) ?? [], []);
  });
  await driver.close();
}

/** Everything of one film, and the pages around it. */
async function film() {
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
  await scenario('Shaka with DASH', () => openWatch('dash'), [...STEPS, ...choices]);
  await scenario('Shaka with HLS', () => openWatch('hls'), [...STEPS, ...choices]);
  await scenario('hls.js', () => openBare('hls'));
  await scenario('dash.js', () => openBare('dash'));
}

/** Many films: all their frames, at the places that are named; of a full one the rest too. */
async function films(list) {
  const short = STEPS.filter(([, body]) => [player.playsThrough, player.seeksPaused].includes(body));

  for (const one of list) {
    watching(one);
    if (one.spoilt) {
      await row(`${one.name} is found out`, async () => {
        const driver = await openWatch('dash');

        await assert.rejects(player.playsThrough(driver), /shown frames are wrong/);
        await driver.close();
      });
      continue;
    }
    await row(`${one.name}: hls-parser accepts every playlist`, playlists);
    if (one.chapters.length)
      for (const [lang, width] of one.full ? CHAPTER_PAGES : CHAPTER_PAGES.slice(0, 1))
        await row(`${one.name}: chapters on the bar, in a menu and by keys, in ${lang}`, () => chapters(lang, width));
    const steps = one.full ? STEPS : short;
    /* Shaka takes a full one by DASH and by HLS, the others by turns. */
    for (const way of one.full ? ['dash', 'hls'] : [['dash', 'hls'][list.indexOf(one) % 2]])
      await scenario(`${one.name}: Shaka with ${way.toUpperCase()}`, () => openWatch(way), steps);
    await scenario(`${one.name}: hls.js`, () => openBare('hls'), steps);
  }
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
  if (options.films) await films(JSON.parse(readFileSync(options.films, 'utf8')));
  else await film();
} finally {
  await browser.close();
  await stop();
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = finish() ? 1 : 0;
