/* The chapters of a film: marks on the bar, a menu, two keys. */
import assert from 'node:assert/strict';
import { options } from './arguments.js';
import { visit } from './browser.js';
import { film } from './film.js';
import { accessible, hasSaid, playing, shot } from './pages.js';
import { until, video, watch } from './player.js';

const words = { en: 'Chapters', 'zh-Hans': '章节', 'zh-Hant': '章節' };

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

/* The film stands at this frame: it is the last that was shown. */
const standsAt = (tab, frame, how) =>
  until(`${how} shows frame ${frame}`, async () => {
    const { seen, wrong } = await tab.evaluate('window.spnTake()');

    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} shown frames are wrong`);
    return seen.at(-1) === frame;
  });

/* Each mark is where its chapter begins, to the pixel, and there the pointer and the click agree with it. */
async function marksOnBar(tab, chapters, duration) {
  const bar = await tab.locator('.seek .track').boundingBox();
  const marks = await tab.locator('.seek .chapter').evaluateAll((all) =>
    all.map((one) => one.getBoundingClientRect()).map(({ left, width }) => left + width / 2));
  const begun = chapters.filter(([frame]) => frame > 0);

  assert.equal(marks.length, begun.length, 'a mark for each chapter but one at the beginning');
  for (const [i, [frame, name]] of begun.entries()) {
    const wanted = bar.x + (frame / film().rate / duration) * bar.width;

    assert.ok(Math.abs(marks[i] - wanted) < 0.75, `the mark of ${name} is at ${marks[i]}, not at ${wanted}`);
    await tab.mouse.move(marks[i] + 1.5, bar.y + bar.height / 2);
    await tab.locator('.preview').filter({ hasText: name }).waitFor();
    await tab.mouse.click(marks[i], bar.y + bar.height / 2);
    const at = await video(tab, 'return video.currentTime;');
    assert.ok(Math.abs(at - frame / film().rate) <= (1.5 * duration) / bar.width, `a click on the mark of ${name} goes to ${at} s`);
  }
}

async function menu(tab, lang, chapters) {
  const open = async () => {
    await tab.getByRole('button', { name: words[lang], exact: true }).click();
    await tab.getByRole('menu').waitFor();
  };

  await open();
  assert.deepEqual((await tab.getByRole('menuitemradio').allTextContents()).map((text) => text.trim()),
    chapters.map(([frame, name]) => `${clock(frame / film().rate)} ${name}`));
  await accessible(tab, `the chapters in ${lang}`);
  await shot(tab, `chapters-${lang}-${tab.viewportSize().width}`);
  await tab.keyboard.press('Escape');
  for (const [frame, name] of chapters.toReversed()) {
    await tab.evaluate('window.spnTake()');
    await open();
    await tab.getByRole('menuitemradio', { name }).click();
    await standsAt(tab, frame, `choosing ${name}`);
    await hasSaid(tab, name);
    await open();
    assert.match(await tab.getByRole('menuitemradio', { checked: true }).innerText(), new RegExp(`${name}$`));
    await tab.keyboard.press('Escape');
  }
}

async function keys(tab, chapters) {
  const press = async (key, frame) => {
    await tab.evaluate('window.spnTake()');
    await tab.keyboard.press(key);
    await standsAt(tab, frame, key);
  };
  const frames = chapters.map(([frame]) => frame);
  const ends = [...frames.slice(1), film().frames];
  const long = frames.findIndex((frame, i) => ends[i] - frame > 3 * film().rate);

  /* The film stands in the first chapter, the last one chosen in the menu. */
  for (const frame of frames.slice(1)) await press(']', frame);
  await tab.keyboard.press(']'); // there is none after the last
  assert.equal(await video(tab, 'return video.seeking;'), false);
  for (const frame of frames.slice(0, -1).toReversed()) await press('[', frame);
  /* Some way into a chapter, back is to its own beginning. */
  await video(tab, 'video.currentTime = argument;', frames[long] / film().rate + 2.5);
  await until('no seek going on', () => video(tab, 'return !video.seeking && video.readyState >= 2;'));
  await press('[', frames[long]);
}

export async function chapters(lang, width = 1280) {
  await visit({ lang, width, height: 740 }, async (tab, { foreign, errors }) => {
    await tab.goto(`${options.base}/watch?p=${film().publication}&lang=${lang}`);
    await playing(tab);
    await video(tab, 'video.pause();');
    await tab.getByRole('button', { name: words[lang], exact: true }).waitFor();
    await watch(tab);
    await marksOnBar(tab, film().chapters, await video(tab, 'return video.duration;'));
    await menu(tab, lang, film().chapters);
    await keys(tab, film().chapters);
    assert.deepEqual(foreign, []);
    assert.deepEqual(errors, []);
  });
}
