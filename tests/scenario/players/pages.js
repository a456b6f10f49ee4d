/* The pages themselves: every language, by keyboard alone, on a telephone, and when something is wrong. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { options } from './arguments.js';
import { visit } from './browser.js';
import { film } from './film.js';
import { until, video } from './player.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const languages = ['en', 'zh-Hans', 'zh-Hant'];

/* Words that show which language a page is in. */
const words = {
  en: { watch: 'Watch', play: /^(Play|Pause)$/, missing: 'There is no such film here', speed: 'Speed', normal: 'Normal' },
  'zh-Hans': { watch: '观看', play: /^(播放|暂停)$/, missing: '这里没有这部影片', speed: '速度', normal: '正常' },
  'zh-Hant': { watch: '觀看', play: /^(播放|暫停)$/, missing: '這裡沒有這部影片', speed: '速度', normal: '正常' },
};

export async function accessible(tab, what) {
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));

  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), [], what);
}

export async function shot(tab, name) {
  if (!options.shots) return;
  mkdirSync(options.shots, { recursive: true });
  await tab.screenshot({ path: path.join(options.shots, `${name}.png`) });
}

export const playing = (tab) =>
  until('the film playing', () => video(tab, 'return video && !video.paused && video.currentTime > 0.3;'));

const still = (tab, what) =>
  until(`${what}: no seek going on`, () => video(tab, 'return !video.seeking && video.readyState >= 2;'));

/** The list: in its language, accessible, at the width of a telephone without scrolling sideways. */
export async function startPage(lang) {
  for (const width of [1280, 375])
    await visit({ lang, width, height: 800 }, async (tab, { foreign, errors }) => {
      await tab.goto(`${options.base}/?lang=${lang}`);
      await tab.getByRole('heading', { level: 1, name: words[lang].watch }).waitFor();
      await tab.getByRole('link').filter({ has: tab.locator('.poster') }).first().waitFor();
      assert.equal(await tab.evaluate('document.documentElement.lang'), lang);
      assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), `it scrolls sideways at ${width}`);
      await until('the posters', () => tab.evaluate('[...document.images].every((one) => one.complete)'));
      await accessible(tab, `the list in ${lang} at ${width}`);
      await shot(tab, `start-${lang}-${width}`);
      assert.deepEqual(foreign, []);
      assert.deepEqual(errors, []);
    });
}

/** The watch page: the same, with menus and the list of keys open too. */
export async function watchPage(lang) {
  for (const width of [1280, 375])
    await visit({ lang, width, height: width === 375 ? 740 : 800 }, async (tab, { foreign, errors }) => {
      await tab.goto(`${options.base}/watch?p=${film().publication}&lang=${lang}`);
      await playing(tab);
      await video(tab, 'video.currentTime = 6; video.pause();');
      await still(tab, 'six seconds in');
      await tab.getByRole('button', { name: words[lang].play }).waitFor();
      assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), `it scrolls sideways at ${width}`);
      await accessible(tab, `the watch page in ${lang} at ${width}`);
      await tab.locator('.seek').hover({ position: { x: width / 3, y: 10 } });
      await tab.locator('.preview .picture').waitFor();
      await shot(tab, `watch-${lang}-${width}`);
      await tab.getByRole('button', { name: words[lang].speed, exact: true }).click();
      assert.equal(await tab.getByRole('menuitemradio', { checked: true }).innerText(), words[lang].normal);
      await accessible(tab, `an open menu in ${lang} at ${width}`);
      await shot(tab, `menu-${lang}-${width}`);
      await tab.keyboard.press('Escape');
      await tab.keyboard.press('?');
      await tab.getByRole('dialog').waitFor();
      await accessible(tab, `the list of keys in ${lang} at ${width}`);
      await shot(tab, `keys-${lang}-${width}`);
      await tab.keyboard.press('Escape');
      assert.deepEqual(foreign, []);
      assert.deepEqual(errors, []);
    });
}

/** What is not there is said so, in the language of the page, to screen readers too. */
export async function missingFilm(lang) {
  await visit({ lang }, async (tab, { foreign }) => {
    await tab.goto(`${options.base}/watch?p=publication_00000000000000000000000000&lang=${lang}`);
    await tab.getByRole('alert').filter({ hasText: words[lang].missing }).waitFor();
    await accessible(tab, `an error in ${lang}`);
    await shot(tab, `missing-${lang}`);
    assert.deepEqual(foreign, []);
  });
}

/** The choice of language changes all that is read at once, and is kept. */
export async function languageChoice() {
  await visit({ lang: 'en' }, async (tab) => {
    await tab.goto(`${options.base}/watch?p=${film().publication}`);
    await playing(tab);
    await tab.getByRole('combobox', { name: 'Language of this page' }).selectOption('zh-Hant');
    await tab.getByRole('button', { name: words['zh-Hant'].play }).waitFor();
    assert.equal(await tab.evaluate('document.documentElement.lang'), 'zh-Hant');
    await tab.goto(`${options.base}/`);
    await tab.getByRole('heading', { name: words['zh-Hant'].watch }).waitFor();
  });
}

/** Everything by keyboard alone, as a viewer without a pointer does it. */
export async function keyboard() {
  await visit({ lang: 'en' }, async (tab) => {
    await tab.goto(`${options.base}/watch?p=${film().publication}&lang=en`);
    await playing(tab);
    await keysPlay(tab);
    await keysSeek(tab);
    await keysChoose(tab);
    await tabReaches(tab);
    await keysInMenu(tab);
  });
}

const state = (tab) =>
  video(tab, 'return { time: video.currentTime, paused: video.paused, muted: video.muted, volume: video.volume, speed: video.playbackRate, duration: video.duration };');

const focused = (tab) =>
  tab.evaluate(`(() => { const at = document.activeElement;
    return !at || at === document.body ? '' : at.getAttribute('aria-label') ?? at.innerText; })()`);

/* What the page says goes away again by itself: that it was said stays in a list (watcher.js). */
export const hasSaid = (tab, text) =>
  until(`the page saying "${text}"`, async () => {
    const said = await tab.evaluate('window.spnSaid');
    return said.includes(text);
  });

async function keysPlay(tab) {
  await tab.keyboard.press('k');
  assert.equal((await state(tab)).paused, true, 'k pauses');
  await tab.keyboard.press(' ');
  assert.equal((await state(tab)).paused, false, 'the space bar plays');
  await tab.keyboard.press(' ');
  assert.equal((await state(tab)).paused, true, 'the space bar pauses');
}

/* Each key goes where it says, to the frame, and the player stays there. */
async function keysSeek(tab) {
  const press = async (key, time) => {
    await tab.keyboard.press(key);
    await still(tab, key);
    const at = (await state(tab)).time;
    assert.ok(Math.abs(at - time) < 0.6 / film().rate, `${key} goes to ${at} s, not to ${time} s`);
  };
  const { duration } = await state(tab);
  const frame = (n) => (Math.floor(10 * film().rate + 1e-3) + n + 0.5) / film().rate;

  await press('5', duration / 2);
  await press('ArrowRight', duration / 2 + 5);
  await press('ArrowLeft', duration / 2);
  await press('j', Math.max(0, duration / 2 - 10));
  await press('Home', 0);
  await press('l', 10);
  await press('.', frame(1));
  await press(',', frame(0));
  await press('End', duration);
  await press('0', 0);
}

async function keysChoose(tab) {
  const press = (key) => tab.keyboard.press(key);

  await press('m');
  assert.equal((await state(tab)).muted, true, 'm mutes');
  await hasSaid(tab, 'Muted');
  await press('m');
  assert.equal((await state(tab)).muted, false, 'm again');
  await press('ArrowDown');
  assert.ok(Math.abs((await state(tab)).volume - 0.95) < 0.001, 'down is quieter');
  /* Right after a seek too: the film fetches then, its own rate is 0, and afterwards the one chosen. */
  for (const key of ['0', 'End', '5', 'Home', '9', '0']) {
    await press(key);
    await press('>');
    await press('>');
    await press('<');
    await still(tab, key);
    assert.equal(await until('a speed', async () => (await state(tab)).speed), 1.25, `> > < after ${key}`);
    await press('<');
    assert.equal(await until('a speed', async () => (await state(tab)).speed), 1, `< after ${key}`);
  }
  /* Subtitles are shown at first: an English viewer of a Chinese film. */
  await press('c');
  await hasSaid(tab, 'Subtitles: Off');
  await press('c');
  await hasSaid(tab, 'Subtitles: English');
  await press('f');
  await until('full screen', () => tab.evaluate('!!document.fullscreenElement'));
  await press('f');
  await until('no full screen', () => tab.evaluate('!document.fullscreenElement'));
  await press('?');
  await tab.getByRole('dialog').waitFor();
  await press('Escape');
  assert.equal(await tab.evaluate(`document.querySelector('dialog').open`), false, 'Escape closes the list of keys');
  await press('m');
  assert.equal((await state(tab)).muted, true, 'a key right after the list of keys');
  await press('m');
}

/* Every control is reached with Tab from the first thing on the page on, and its focus can be seen. */
async function tabReaches(tab) {
  const last = 'Full screen';
  const reached = [];

  await tab.getByRole('link').first().focus();
  while (reached.at(-1) !== last) {
    await tab.keyboard.press('Tab');
    const label = await focused(tab);

    if (!label || reached.includes(label)) break;
    reached.push(label);
    const outline = await tab.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    assert.notEqual(outline, 'none', `the focus on ${label} cannot be seen`);
  }
  for (const name of ['Language of this page', 'Position', 'Play', 'Mute', 'Volume', 'Audio', 'Subtitles', 'Quality', 'Speed', 'Keyboard', last])
    assert.ok(reached.includes(name), `${name} is not reached with Tab: ${reached.join(', ')}`);
}

/* A menu: open, go down, choose, and the focus is back where it was. */
async function keysInMenu(tab) {
  const press = (key) => tab.keyboard.press(key);

  await tab.getByRole('button', { name: 'Speed', exact: true }).focus();
  await press('Enter');
  await tab.getByRole('menu').waitFor();
  assert.match(await focused(tab), /Normal/);
  await press('ArrowDown');
  await press('Enter');
  await until('the speed chosen', async () => (await state(tab)).speed === 1.25);
  assert.equal(await focused(tab), 'Speed');
  await press('Enter');
  await press('Escape');
  assert.equal(await focused(tab), 'Speed');
  assert.equal(await tab.getByRole('menu').count(), 0);
}
