/*
 * What every player must hold, whichever it is. A driver (shaka.js, bare.js) knows how its player is
 * told things; the checks here know what must be seen.
 *
 *   driver.open()             the page, playing from the beginning
 *   driver.audio(language)    driver.text(language or null)    driver.quality(height)
 *   driver.shownText()        what of subtitles stands on the screen
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { options } from './arguments.js';
import { PATIENCE_MS } from './browser.js';
import { film } from './film.js';
import { diagnostic } from './tap.js';

/* A busy machine may spoil a pass: then the next, slower ones too, where each frame stands for longer. */
const SPEEDS = [1, 0.5, 0.25, 0.25];
const LISTENINGS = 4;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/* Run body in the page, with its video element; a promise that never comes is a failure. */
export function video(tab, body, argument) {
  const run = tab.evaluate(`(async (argument) => { const video = document.querySelector('video'); ${body} })(${JSON.stringify(argument ?? null)})`);
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`the page did not come to the end of: ${body}`)), PATIENCE_MS);
  });

  run.catch(() => {});
  return Promise.race([run, late]).finally(() => clearTimeout(timer));
}

/** Ask until the answer is yes. What probe asserts must hold each time; other errors are a no. */
export async function until(what, probe, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  let last;

  while (Date.now() < end) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`not within ${ms / 1000} s: ${what} (last: ${last?.message ?? JSON.stringify(last)})`);
}

export const watch = (tab) =>
  video(tab, 'window.spnWatch(video, argument[0], argument[1]);', [film().rate, film().spans]);

export const taken = (tab) => tab.evaluate('window.spnTake()');

/** No frame that was shown is another than the one expected there. */
export function noneWrong(got) {
  assert.deepEqual(got.wrong.slice(0, 5), [], `${got.wrong.length} shown frames are wrong`);
}

/** Plays on from where it is to time, or the end, and gives what was seen. */
async function playTo(tab, time) {
  let at = -1;

  while (at < time)
    at = await until(`playing on from ${at} s to ${time} s`, async () => {
      const now = await video(tab, 'return video.seeking ? -1 : video.ended ? Infinity : video.currentTime;');
      return now > at && now;
    });
  return taken(tab);
}

/** Plays on for so many seconds of the film, and further until so many of the frames from first on were seen. */
async function playsOn(tab, seconds, least, first = 0) {
  const from = await video(tab, 'return video.currentTime;');
  const seen = new Set();

  await until(`${seconds} s played from ${from} s on, and ${least} frames from ${first} on seen`, async () => {
    const { time, ended } = await video(tab, 'return { time: video.currentTime, ended: video.ended };');
    const got = await taken(tab);

    noneWrong(got);
    for (const n of got.seen) if (n >= first) seen.add(n);
    if (seen.size >= least && (ended || time > from + seconds)) return true;
    if (ended) throw new assert.AssertionError({ message: `the film ended, and of its frames only ${seen.size} were seen` });
    return false;
  });
}

/** From the beginning on: every frame, in order, no stall, one buffered range. */
export async function playsThrough(driver) {
  const { tab } = driver;
  await until('the first picture', () => video(tab, 'return video.readyState >= 2 && video.currentTime > 0.2;'));
  const duration = await video(tab, 'return video.duration;');
  const frames = film().frames || Math.round(duration * film().rate);
  assert.ok(Math.abs(duration - frames / film().rate) < 0.05, `the duration is ${duration} s, not ${frames / film().rate}`);

  await watch(tab);

  /*
   * A machine with other work to do skips a frame now and then, or decodes too slowly for a moment: then once
   * more and more slowly, all of it until it once went through without waiting, after that where frames were
   * not seen. What is wrong in the bytes is wrong each time, and a wrong frame fails at once.
   */
  const last = options.seconds && options.seconds < duration ? options.seconds : duration;
  const expected = Math.round(last * film().rate);
  const seen = new Set();
  let missed = Array.from({ length: expected - 1 }, (_, i) => i + 1);
  let stalls = null;
  for (const speed of SPEEDS) {
    const parts = stalls?.length === 0 ? stretches(missed, last) : [[0, last]];

    stalls = [];
    for (const [from, to] of parts) {
      await video(tab, 'video.pause(); video.currentTime = argument;', from);
      await until(`being at ${from} s`, () => video(tab, 'return !video.seeking && video.readyState >= 3;'));
      await driver.speed(speed);
      await taken(tab);
      await video(tab, 'await video.play();');
      const got = await playTo(tab, to);

      noneWrong(got);
      for (const n of got.seen) seen.add(n);
      const playing = got.events.findIndex(({ name }) => name === 'playing');
      stalls.push(...got.events.slice(playing + 1).filter(({ name, at }) => name === 'waiting' && at < duration - 0.5));
      const ranges = await video(tab, 'return [...Array(video.buffered.length).keys()].map((i) => [video.buffered.start(i), video.buffered.end(i)]);');
      assert.equal(ranges.length, 1, `one buffered range, not ${JSON.stringify(ranges)}`);
      assert.equal(await video(tab, 'return video.playbackRate;'), speed, 'the player keeps the speed it is told');
    }
    missed = missed.filter((n) => !seen.has(n));
    diagnostic(`${expected} frames, ${parts.reduce((sum, [from, to]) => sum + to - from, 0).toFixed(1)} s of them at speed ${speed}, not seen: ${missed.join(' ') || 'none'}; waited at: ${stalls.map(({ at }) => at).join(' ') || 'nowhere'}`);
    if (!stalls.length && missed.length <= expected / 500) break;
  }
  await driver.speed(1);
  assert.ok(missed.length <= expected / 500, `${missed.length} of ${expected} frames were not seen: ${missed.slice(0, 20)}`);
  assert.deepEqual(stalls, [], 'it waited while playing');
}

/* Where the film has to play again for these frames: from a second before each, [from, to] in seconds. */
function stretches(frames, last) {
  const parts = [];

  for (const frame of frames) {
    const from = Math.max(0, frame / film().rate - 1);
    const to = Math.min(last, frame / film().rate + 0.2);

    if (parts.length && from <= parts.at(-1)[1]) parts.at(-1)[1] = to;
    else parts.push([from, to]);
  }
  return parts;
}

/** Seeking, forward and back: what is shown then are the frames of that place. */
export async function seeks(driver) {
  const { tab } = driver;
  const duration = await video(tab, 'return video.duration;');

  for (const share of [0.72, 0.11, 0.5]) {
    const time = Math.round(duration * share * film().rate + 0.5) / film().rate;

    const first = Math.floor(time * film().rate) - 1;

    await taken(tab);
    await video(tab, 'video.currentTime = argument; await video.play();', time);
    await until(`being at ${time} s`, () => video(tab, 'return !video.seeking;'));
    await playsOn(tab, 0.6, 5, first);
  }
}

/** Seeking while paused shows exactly the frame that stands at that time. */
export async function seeksPaused(driver) {
  const { tab } = driver;
  const duration = await video(tab, 'return video.duration;');
  const places = film().places ?? [0.31, 0.63, 0.05].map((share) => Math.floor(duration * share * film().rate));

  await video(tab, 'video.pause();');
  for (const frame of places) {
    await taken(tab);
    await video(tab, 'video.currentTime = argument;', (frame + 0.5) / film().rate);
    const got = await until(`frame ${frame} standing`, async () => {
      const now = await taken(tab);
      noneWrong(now);
      return now.seen.includes(frame) ? now : null;
    });
    assert.equal(got.seen.at(-1), frame);
  }
  await video(tab, 'await video.play();');
}

/** Another language is what is heard: the code in the sound says so. */
export async function changesAudio(driver) {
  const { tab } = driver;
  const dir = mkdtempSync(path.join(tmpdir(), 'sampan-players-'));
  const { at, until: last, source, first } = film().sound;

  const heard = (file, tag, began) => {
    const sample = Math.round((began - at + first) * 48000);
    let lines;

    try {
      lines = execFileSync(options.sample, ['listen', file, '--source', String(source), '--language', tag, '--first', String(sample), '--search', '16000'], { encoding: 'utf8' });
    } catch (error) {
      lines = String(error.stdout); // it says so where it did not find each second
    }
    return lines.split('\n').filter((line) => / -?\d+ \d/.test(line)).length;
  };

  /* Three seconds of what is heard: in how many of them it is language, in how many the other. */
  const listen = async (language) => {
    await video(tab, `const [at, last] = argument;
      if (video.currentTime < at || video.currentTime > (last ?? video.duration) - 4) video.currentTime = at + 1;
      await video.play();`, [at, last]);
    await until('no seek going on', () => video(tab, 'return !video.seeking && video.readyState >= 3;'));
    const { began, pcm } = await video(tab, 'return window.spnListen(video, 3);');
    const file = path.join(dir, `${language}.wav`);

    writeFileSync(file, wav(Buffer.from(pcm, 'base64')));
    const right = heard(file, language, began);
    const other = heard(file, language === 'en' ? 'zh' : 'en', began);
    diagnostic(`${language}: heard in ${right} of 3 seconds, the other in ${other}`);
    return { right, other };
  };

  try {
    for (const language of ['en', 'zh']) {
      let got = { right: 0, other: 0 };

      await video(tab, 'video.currentTime = argument; video.muted = false;', at + 1);
      await driver.audio(language);
      /* What was buffered before may be heard first; once the choice is heard, the other is not any more. */
      for (let pass = 0; pass < LISTENINGS && (got.right < 2 || got.other); pass++) got = await listen(language);
      assert.ok(got.right >= 2 && !got.other, `${language} was chosen but is not what is heard`);
      assert.equal((await listen(language)).other, 0, `${language} was chosen and heard, then the other`);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function wav(pcm) {
  const head = Buffer.alloc(44);

  head.write('RIFF', 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(48000, 24);
  head.writeUInt32LE(96000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

/** Cues as the generator has them, or the cut: [{ start, end, text }], in seconds. */
function cues(language, duration) {
  if (film().cues) return film().cues[language];

  const dir = mkdtempSync(path.join(tmpdir(), 'sampan-players-'));
  const file = path.join(dir, 'cues.vtt');

  try {
    execFileSync(options.sample, ['text', '--out', file, '--language', language, '--source', String(film().source), '--rate', film().rateText, '--frames', String(Math.round(duration * film().rate))]);
    return readFileSync(file, 'utf8').split('\n\n').slice(1).filter(Boolean).map((block) => {
      const [times, ...text] = block.split('\n');
      const [start, end] = times.split(' --> ').map((time) => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0));

      return { start, end, text: text.join('\n') };
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Subtitles of each language are shown in their time, and none when they are off. */
export async function showsSubtitles(driver) {
  const { tab } = driver;
  const duration = await video(tab, 'return video.duration;');

  for (const language of ['zh-Hans', 'en']) {
    const all = cues(language, duration);
    const list = all.filter(({ start, end }) => end - start > 0.9); // what is cut may be too short to be caught
    const gap = all.find(({ end }, i) => (all[i + 1]?.start ?? duration) - end > 0.5).end + 0.25;

    await driver.text(language);
    for (const cue of [list[0], list[Math.floor(list.length / 2)], list.at(-1)]) {
      await video(tab, 'video.currentTime = argument; await video.play();', cue.start + 0.4);
      await until(`"${cue.text}" on the screen`, async () => {
        if ((await driver.shownText()).includes(cue.text)) return true;
        /* A player may still be fetching its text when the time of the cue is over: once more then. */
        await video(tab, 'if (video.currentTime > argument.end) { video.currentTime = argument.start + 0.4; await video.play(); }', cue);
        return false;
      });
    }
    /* Between two cues nothing stands. */
    await video(tab, 'video.pause(); video.currentTime = argument;', gap);
    await until('nothing between two cues', async () => (await driver.shownText()).trim() === '');
  }
  /* Off: what stands goes, and nothing comes while the film plays through a whole cue. */
  await driver.text(null);
  await until('subtitles gone', async () => (await driver.shownText()).trim() === '');
  const cue = cues('en', duration).find(({ start, end }) => start > 0.5 && end - start > 0.9);
  await video(tab, 'video.currentTime = argument; await video.play();', cue.start);
  await until('the cue being over', async () => {
    assert.equal((await driver.shownText()).trim(), '', 'subtitles are off and yet shown');
    return video(tab, 'return !video.seeking && (video.ended || video.currentTime > argument);', cue.end);
  });
}

/** Every rung can be chosen, and shows the same frames at its own size. */
export async function switches(driver) {
  const { tab } = driver;
  const heights = await driver.heights();

  assert.ok(heights.length > 1, `there is only one rendition: ${heights}`);
  for (const height of [heights.at(-1), heights[0]]) {
    await video(tab, 'if (video.ended || video.currentTime > video.duration / 2) video.currentTime = 2; await video.play();');
    await until('playing', () => video(tab, 'return !video.seeking && video.readyState >= 3;'));
    await driver.quality(height);
    await until(`a picture of ${height} lines`, () => video(tab, 'return video.videoHeight === argument;', height));
    await playsOn(tab, 1.5, 11);
    assert.equal(await video(tab, 'return video.videoHeight;'), height);
  }
}
