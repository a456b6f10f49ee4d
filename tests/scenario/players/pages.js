/* The pages themselves: every language, by keyboard alone, on a telephone, and when something is wrong. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { options } from './arguments.js';
import { page } from './browser.js';
import { sleep, until, video } from './player.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const languages = ['en', 'zh-Hans', 'zh-Hant'];

/* Words that show which language a page is in. */
const words = {
  en: { watch: 'Watch', play: /^(Play|Pause)$/, missing: 'There is no such film here', speed: 'Speed', normal: 'Normal' },
  'zh-Hans': { watch: '观看', play: /^(播放|暂停)$/, missing: '这里没有这部影片', speed: '速度', normal: '正常' },
  'zh-Hant': { watch: '觀看', play: /^(播放|暫停)$/, missing: '這裡沒有這部影片', speed: '速度', normal: '正常' },
};

async function accessible(tab, what) {
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));

  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`), [], what);
}

async function shot(tab, name) {
  if (!options.shots) return;
  mkdirSync(options.shots, { recursive: true });
  await tab.screenshot({ path: path.join(options.shots, `${name}.png`) });
}

const playing = (tab) =>
  until('the film playing', () => video(tab, 'return video && !video.paused && video.currentTime > 0.3;'));

/** The list: in its language, accessible, at the width of a telephone without scrolling sideways. */
export async function startPage(lang) {
  for (const width of [1280, 375]) {
    const { tab, context, foreign, errors } = await page({ lang, width, height: 800 });

    try {
      await tab.goto(`${options.base}/?lang=${lang}`);
      await tab.getByRole('heading', { level: 1, name: words[lang].watch }).waitFor();
      await tab.getByRole('link').filter({ has: tab.locator('.poster') }).first().waitFor();
      assert.equal(await tab.evaluate('document.documentElement.lang'), lang);
      assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), `it scrolls sideways at ${width}`);
      await sleep(300);
      await accessible(tab, `the list in ${lang} at ${width}`);
      await shot(tab, `start-${lang}-${width}`);
      assert.deepEqual(foreign, []);
      assert.deepEqual(errors, []);
    } finally {
      await context.close();
    }
  }
}

/** The watch page: the same, with menus and the list of keys open too. */
export async function watchPage(lang) {
  for (const width of [1280, 375]) {
    const { tab, context, foreign, errors } = await page({ lang, width, height: width === 375 ? 740 : 800 });

    try {
      await tab.goto(`${options.base}/watch?p=${options.publication}&lang=${lang}`);
      await playing(tab);
      await video(tab, 'video.currentTime = 6; video.pause();');
      await until('the seek being done', () => video(tab, 'return !video.seeking && video.readyState >= 2;'));
      await tab.getByRole('button', { name: words[lang].play }).waitFor();
      assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), `it scrolls sideways at ${width}`);
      await accessible(tab, `the watch page in ${lang} at ${width}`);
      await tab.locator('.seek').hover({ position: { x: width / 3, y: 10 } });
      await until('a thumbnail', () => tab.evaluate(`!!document.querySelector('.preview .picture')`));
      await sleep(600);
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
    } finally {
      await context.close();
    }
  }
}

/** What is not there is said so, in the language of the page, to screen readers too. */
export async function missingFilm(lang) {
  const { tab, context, foreign } = await page({ lang });

  try {
    await tab.goto(`${options.base}/watch?p=publication_00000000000000000000000000&lang=${lang}`);
    await tab.getByRole('alert').filter({ hasText: words[lang].missing }).waitFor();
    await accessible(tab, `an error in ${lang}`);
    await shot(tab, `missing-${lang}`);
    assert.deepEqual(foreign, []);
  } finally {
    await context.close();
  }
}

/** The choice of language changes all that is read at once, and is kept. */
export async function languageChoice() {
  const { tab, context } = await page({ lang: 'en' });

  try {
    await tab.goto(`${options.base}/watch?p=${options.publication}`);
    await playing(tab);
    await tab.getByRole('combobox', { name: 'Language of this page' }).selectOption('zh-Hant');
    await tab.getByRole('button', { name: words['zh-Hant'].play }).waitFor();
    assert.equal(await tab.evaluate('document.documentElement.lang'), 'zh-Hant');
    await tab.goto(`${options.base}/`);
    await tab.getByRole('heading', { name: words['zh-Hant'].watch }).waitFor();
  } finally {
    await context.close();
  }
}

/** Everything by keyboard alone, as a viewer without a pointer does it. */
export async function keyboard() {
  const { tab, context } = await page({ lang: 'en' });
  const press = (key) => tab.keyboard.press(key);
  const state = () => video(tab, 'return { time: video.currentTime, paused: video.paused, muted: video.muted, volume: video.volume, speed: video.playbackRate, duration: video.duration };');
  const near = async (time, what) => until(`${what}: at ${time} s`, async () => Math.abs((await state()).time - time) < 0.3);
  const focused = () => tab.evaluate(`(() => { const at = document.activeElement;
    return !at || at === document.body ? '' : at.getAttribute('aria-label') ?? at.innerText; })()`);

  try {
    await tab.goto(`${options.base}/watch?p=${options.publication}&lang=en`);
    await playing(tab);
    await press('k');
    assert.equal((await state()).paused, true, 'k pauses');
    await press(' ');
    await until('the space bar playing', async () => !(await state()).paused);
    await press(' ');
    await until('the space bar pausing', async () => (await state()).paused);
    const { duration } = await state();
    await press('5');
    await near(duration / 2, '5');
    await press('ArrowRight');
    await near(duration / 2 + 5, 'right');
    await press('ArrowLeft');
    await near(duration / 2, 'left');
    await press('j');
    await near(Math.max(0, duration / 2 - 10), 'j');
    await press('Home');
    await near(0, 'Home');
    await press('l');
    await near(Math.min(10, duration), 'l');
    await press('.');
    await near(10 + 1 / options.rate, 'a frame on');
    await press(',');
    await near(10, 'a frame back');
    await press('End');
    await near(duration, 'End');
    await press('0');
    await near(0, '0');
    await press('m');
    assert.equal((await state()).muted, true, 'm mutes');
    await tab.getByRole('status').filter({ hasText: 'Muted' }).waitFor();
    await press('m');
    assert.equal((await state()).muted, false, 'm again');
    await press('ArrowDown');
    assert.ok(Math.abs((await state()).volume - 0.95) < 0.001, 'down is quieter');
    await press('>');
    assert.equal((await state()).speed, 1.25, '> is faster');
    await press('<');
    assert.equal((await state()).speed, 1, '< is slower');
    /* Subtitles are shown at first: an English viewer of a Chinese film. */
    await press('c');
    await tab.getByRole('status').filter({ hasText: 'Subtitles: Off' }).waitFor();
    await press('c');
    await tab.getByRole('status').filter({ hasText: 'Subtitles: English' }).waitFor();
    await press('f');
    await until('full screen', () => tab.evaluate('!!document.fullscreenElement'));
    await press('f');
    await until('no full screen', () => tab.evaluate('!document.fullscreenElement'));
    await press('?');
    await tab.getByRole('dialog').waitFor();
    await press('Escape');
    await until('the list of keys closed', () => tab.evaluate(`!document.querySelector('dialog').open`));

    /* Every control is reached with Tab, and its focus can be seen. */
    await tab.evaluate('document.activeElement?.blur?.(); document.body.focus();');
    const reached = [];
    for (let i = 0; i < 20; i++) {
      await press('Tab');
      const label = await focused();
      if (reached.includes(label)) break;
      reached.push(label);
      if (label) {
        const outline = await tab.evaluate('getComputedStyle(document.activeElement).outlineStyle');
        assert.notEqual(outline, 'none', `the focus on ${label} cannot be seen`);
      }
    }
    for (const name of ['Position', 'Play', 'Mute', 'Volume', 'Audio', 'Subtitles', 'Quality', 'Speed', 'Keyboard', 'Full screen'])
      assert.ok(reached.includes(name), `${name} is not reached with Tab: ${reached.join(', ')}`);

    /* A menu: open, go down, choose, and the focus is back where it was. */
    await tab.getByRole('button', { name: 'Speed', exact: true }).focus();
    await press('Enter');
    await tab.getByRole('menu').waitFor();
    assert.match(await focused(), /Normal/);
    await press('ArrowDown');
    await press('Enter');
    await until('the speed chosen', async () => (await state()).speed === 1.25);
    assert.equal(await focused(), 'Speed');
    await press('Enter');
    await press('Escape');
    assert.equal(await focused(), 'Speed');
    assert.equal(await tab.getByRole('menu').count(), 0);
  } finally {
    await context.close();
  }
}
