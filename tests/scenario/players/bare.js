/* hls.js and dash.js on a page with nothing but a video element, at the address of what is tested. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { options } from './arguments.js';
import { page } from './browser.js';
import { film } from './film.js';
import { until, video } from './player.js';

const library = {
  hls: path.join(options.here, 'node_modules/hls.js/dist/hls.min.js'),
  dash: path.join(options.here, 'node_modules/dashjs/dist/modern/umd/dash.all.min.js'),
};

/* How each library is told things; every function runs in the page. */
const controls = {
  hls: `
    const player = new Hls({ enableWebVTT: true, renderTextTracksNatively: true });
    const is = (track, tag) => (track.lang || '').split('-')[0] === tag.split('-')[0];
    window.problems = [];
    /* A request given up for another rendition is no error; stalls are seen by the checks themselves. */
    const harmless = [Hls.ErrorDetails.INTERNAL_ABORTED, Hls.ErrorDetails.BUFFER_STALLED_ERROR, Hls.ErrorDetails.BUFFER_NUDGE_ON_STALL];
    player.on(Hls.Events.ERROR, (_, data) => (data.fatal || !harmless.includes(data.details)) && problems.push(data.details));
    player.loadSource(address);
    player.attachMedia(video);
    window.bare = {
      ready: () => player.levels.length > 0 && video.readyState >= 2,
      audio: (tag) => { player.audioTrack = player.audioTracks.findIndex((track) => is(track, tag)); },
      text: (tag) => { player.subtitleDisplay = !!tag; player.subtitleTrack = tag ? player.subtitleTracks.findIndex((track) => is(track, tag)) : -1; },
      heights: () => [...new Set(player.levels.map((level) => level.height))].sort((a, b) => b - a),
      quality: (height) => { player.currentLevel = player.levels.findIndex((level) => level.height === height); },
    };`,
  dash: `
    const player = dashjs.MediaPlayer().create();
    const is = (track, tag) => (track.lang || '').split('-')[0] === tag.split('-')[0];
    window.problems = [];
    player.on(dashjs.MediaPlayer.events.ERROR, (event) => problems.push(event.error?.message ?? String(event.error)));
    player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: true } }, buffer: { fastSwitchEnabled: true } } });
    player.initialize(video, address, true);
    window.bare = {
      ready: () => player.isReady() && video.readyState >= 2,
      audio: (tag) => player.setCurrentTrack(player.getTracksFor('audio').find((track) => is(track, tag))),
      /* dash.js 5.0 loses the cues of a track that is chosen and then sought in before they are there. */
      text: async (tag) => {
        await video.play();
        const index = tag ? player.getTracksFor('text').findIndex((track) => is(track, tag)) : -1;
        player.enableText(index >= 0);
        player.setTextTrack(index);
        const loaded = () => [...video.textTracks].some((track) => track.mode === 'showing' && track.cues?.length);
        while (tag && !loaded()) await new Promise((done) => setTimeout(done, 100));
      },
      heights: () => player.getRepresentationsByType('video').map((one) => one.height).sort((a, b) => b - a),
      quality: (height) => {
        player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
        const one = player.getRepresentationsByType('video').find((each) => each.height === height);
        player.setRepresentationForTypeById('video', one.id, true);
      },
    };`,
};

export async function openBare(kind, settings) {
  const opened = await page({ ...settings, listens: true });
  const { tab, context } = opened;
  const address = `${options.base}/v/${film().publication}/main.${kind === 'hls' ? 'm3u8' : 'mpd'}`;
  const folder = `${options.base}/.players`;

  await context.route(`${folder}/library.js`, (route) =>
    route.fulfill({ contentType: 'text/javascript', body: readFileSync(library[kind]) }));
  await context.route(`${folder}/${kind}.html`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="en"><title>${kind}</title><link rel="icon" href="data:,">
        <video width="640" height="360"></video><script src="library.js"></script>
        <script>const video = document.querySelector('video'); const address = ${JSON.stringify(address)};
        ${controls[kind]} video.play().catch(() => {});</script>`,
    }));
  await tab.goto(`${folder}/${kind}.html`);
  await until(`${kind} ready`, () => tab.evaluate('window.bare?.ready()'));
  const tell = (name) => (argument) => video(tab, `return window.bare.${name}(argument);`, argument);

  return {
    ...opened,
    audio: tell('audio'),
    text: tell('text'),
    quality: tell('quality'),
    heights: tell('heights'),
    /* dash.js and hls.js give cues to the element's own tracks. */
    shownText: () =>
      video(tab, `return [...video.textTracks].filter((track) => track.mode === 'showing')
        .flatMap((track) => [...(track.activeCues ?? [])]).map((cue) => cue.text).join('\\n') +
        [...document.querySelectorAll('.dashjs-text-track, [id*=subtitle]')].map((one) => one.innerText).join('')`),
    speed: (speed) => video(tab, 'video.playbackRate = argument;', speed),
    problems: () => tab.evaluate('window.problems'),
    close: () => context.close(),
  };
}
