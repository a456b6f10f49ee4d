/*
 * Watching a video element from inside of a page: every frame that is shown is drawn to a canvas, its
 * code read and held against the frame its time stands for. On a busy machine the element is already one
 * frame on when a callback runs, so picture and time are taken as one thing, a VideoFrame: then a late
 * callback is a frame not observed, never a wrong one. install() is added to every page.
 */
import { readCode } from './code.js';

function install(readCode) {
  const WIDTH = 440; // 20 x 10 pixels a cell
  const HEIGHT = 200;

  /* Everything the page told a screen reader: it stands there for a moment only. */
  const standing = new Map();
  window.spnSaid = [];
  new MutationObserver(() => {
    for (const status of document.querySelectorAll('[role=status]')) {
      const text = status.textContent.trim();

      if (text && text !== standing.get(status)) window.spnSaid.push(text);
      standing.set(status, text);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });

  /* spans: [frame of the film, source, frame of it], each up to the next; the first begins at 0. */
  window.spnWatch = (video, rate, spans) => {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const state = { seen: [], wrong: [], events: [], callbacks: 0, presented: 0 };
    let first = 0;

    const look = (_, meta) => {
      video.requestVideoFrameCallback(look);
      const frame = new VideoFrame(video);
      const time = frame.timestamp / 1e6;
      context.drawImage(frame, 0, 0, WIDTH, HEIGHT);
      frame.close();
      const { data } = context.getImageData(0, 0, WIDTH, HEIGHT / 4);
      const code = readCode((x, y) => data[(y * WIDTH + x) * 4 + 1], WIDTH, HEIGHT);
      const index = Math.round(time * rate);
      const [start, source, begin] = spans.findLast(([at]) => at <= index) ?? spans[0];
      const want = { source, frame: begin + index - start };

      state.callbacks++;
      first ||= meta.presentedFrames;
      state.presented = meta.presentedFrames - first + 1;
      if (code?.source === want.source && code.frame === want.frame) state.seen.push(index);
      else state.wrong.push({ index, want, time, mediaTime: meta.mediaTime, code, width: video.videoWidth });
    };
    video.requestVideoFrameCallback(look);
    for (const name of ['waiting', 'playing', 'seeking', 'seeked', 'stalled', 'error', 'ended', 'pause'])
      video.addEventListener(name, () => state.events.push({ name, at: video.currentTime }));
    window.spnState = state;
  };
  window.spnTake = () => {
    const { seen, wrong, events, callbacks, presented } = window.spnState;
    const taken = { seen, wrong, events, callbacks, presented };

    Object.assign(window.spnState, { seen: [], wrong: [], events: [] });
    return taken;
  };
  /* Sound as it is heard: seconds of it as 16 bits at 48 kHz, with the time it began at. */
  window.spnListen = async (video, seconds) => {
    if (!window.spnSound) {
      const context = new AudioContext({ sampleRate: 48000 });
      const code = `registerProcessor('tap', class extends AudioWorkletProcessor {
        process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; } })`;
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
      const node = new AudioWorkletNode(context, 'tap');
      context.createMediaElementSource(video).connect(node);
      node.connect(context.destination);
      await context.resume();
      window.spnSound = node;
    }
    const blocks = [];
    let count = 0;
    let began = Infinity;
    await new Promise((done) => {
      window.spnSound.port.onmessage = ({ data }) => {
        /* A block may come late, never early. */
        began = Math.min(began, video.currentTime - count / 48000);
        blocks.push(data);
        count += data.length;
        if (count >= seconds * 48000) done();
      };
    });
    window.spnSound.port.onmessage = null;
    const bytes = new Uint8Array(count * 2);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const block of blocks)
      for (const value of block) view.setInt16(2 * at++, Math.max(-1, Math.min(1, value)) * 32767, true);
    let text = '';
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return { began, pcm: btoa(text) };
  };
}

export const watcherScript = `(${install})(${readCode});`;
