/*
 * What is chosen while the film still fetches what was chosen before: all that a choice makes the page ask
 * for is held back until the last of it was told, so that nothing depends on which is faster. Every row is
 * tried while the film plays, while it stands, and after its end.
 */
import assert from 'node:assert/strict';
import { film } from './film.js';
import { noneWrong, taken, until, video, watch } from './player.js';

/* In their order; a number is a key: so many tenths of the film. */
const rows = [
  ['seeks right after a quality is chosen', ['quality', 3]],
  ['seeks right after a language is chosen', ['audio', 7]],
  ['seeks right after a quality was chosen twice', ['quality', 'quality', 6]],
  ['seeks right after a quality and a language are chosen', ['quality', 'audio', 2]],
  ['seeks twice right after a quality is chosen', ['quality', 8, 4]],
  ['changes the quality right after a seek', [8, 'quality']],
  ['changes the language right after a seek', [1, 'audio']],
  ['seeks right after subtitles are chosen', ['text', 5]],
  ['seeks right after a speed is chosen', ['speed', 9]],
];
const FETCHED = ['quality', 'audio']; // what these need is not there before they are chosen

const states = {
  playing: 'video.currentTime = 1; await video.play();',
  paused: 'video.pause(); video.currentTime = 1;',
  ended: 'await video.play(); video.currentTime = video.duration;',
};

/** Segments the page asks for wait from close() to open(); held() is how many. */
async function gate(context) {
  let closed = null;
  let count = 0;

  await context.route(/\/v\/.*\.(m4s|mp4)$/, async (route) => {
    if (closed) {
      count++;
      await closed.promise;
    }
    await route.fallback().catch(() => {}); // the page may have given it up
  });
  return {
    close: () => {
      let open;
      const promise = new Promise((done) => (open = done));
      closed = { promise, open };
      count = 0;
    },
    open: () => {
      closed?.open();
      closed = null;
    },
    held: () => count,
  };
}

async function attempt(driver, doors, acts, state, now) {
  const { tab } = driver;
  const tell = {
    quality: () => driver.quality((now.height = now.heights.find((one) => one !== now.height))),
    audio: () => driver.audio((now.audio = now.audio === 'en' ? 'zh' : 'en')),
    text: () => driver.text((now.text = now.text === 'en' ? 'zh-Hans' : 'en')),
    speed: () => driver.speed((now.speed = now.speed === 1 ? 1.5 : 1)),
  };
  let place = null;

  await video(tab, `window.spnEnded = false; video.onended = () => { window.spnEnded = true; }; ${states[state]}`);
  await until(state, () => video(tab, 'return !video.seeking && video.readyState >= 2 && (argument === "ended") === video.ended;', state));
  noneWrong(await taken(tab)); // of what was shown before, none counts below
  doors.close();
  try {
    for (const act of acts) {
      if (typeof act === 'number') {
        await tab.keyboard.press(String(act));
        place = act / 10;
        continue;
      }
      await tell[act]();
      /* Shaka may let a fetch come to its end before it makes the next: no more than the first is waited for. */
      if (FETCHED.includes(act)) await until(`${act} asking for something`, () => doors.held() > 0);
    }
  } finally {
    doors.open();
  }

  const { duration, time } = await video(tab, 'return { duration: video.duration, time: video.currentTime };');
  const wanted = Math.floor(duration * place * film().rate + 1e-6);

  await until(`${acts.join(', ')} while ${state}: the film at ${duration * place} s`, () => video(tab, 'return !video.seeking && video.readyState >= 2;'));
  await until(`a picture of ${now.height} lines`, () => video(tab, 'return video.videoHeight === argument;', now.height));
  assert.ok(time >= duration * place - 0.01, `the film is at ${time} s, before ${duration * place} s`);
  /* What was shown from there on are the film's frames; where it stands, the very one, and it may be told late. */
  let seen = -1;

  await until(`${state === 'playing' ? 'at' : 'standing at'} frame ${wanted}`, async () => {
    const got = await taken(tab);

    noneWrong(got);
    seen = got.seen.at(-1) ?? seen;
    return state === 'playing' ? seen >= wanted - 1 : Math.abs(seen - wanted) <= 1;
  }).catch((error) => assert.fail(`${error.message}; the last that was shown is ${seen}`));
  const { paused, ended } = await video(tab, 'return { paused: video.paused, ended: window.spnEnded };');
  /* What played plays on, but where it came to its end meanwhile: from there no seek makes it play. */
  assert.ok(state === 'playing' ? !paused || ended : paused, `${state}, and now it ${paused ? 'stands' : 'plays'}`);
}

/** Steps of a scenario (main.js), for a driver that is a page with keys. */
export const choices = rows.map(([name, acts]) => [name, async (driver) => {
  const { tab } = driver;

  driver.doors ??= await gate(driver.context);
  driver.now ??= { heights: await driver.heights(), audio: 'zh', text: 'zh-Hans', speed: 1 };
  driver.now.height = await video(tab, 'return video.videoHeight;');
  await watch(tab);
  for (const state of Object.keys(states)) await attempt(driver, driver.doors, acts, state, driver.now);
}]);
