/* Debian's Chromium, and pages that may reach one host only. */
import { chromium } from 'playwright-core';
import { options } from './arguments.js';
import { watcherScript } from './watcher.js';

/* What takes longer does not come any more. No test is right or wrong by the time it takes. */
export const PATIENCE_MS = 60000;

let browser;

export async function open() {
  browser = await chromium.launch({
    executablePath: options.chromium,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
  return browser.version();
}

export async function close() {
  await browser?.close();
}

/**
 * A page of its own context. foreign collects every request to another host: those are stopped, and the
 * test fails by them. errors collects what the page threw or could not load.
 */
export async function page({ lang = 'en', width = 1280, height = 800, base = options.base, listens = false } = {}) {
  /* Where sound is captured, a worklet of the test's own has to get past the page's policy. */
  const context = await browser.newContext({ locale: lang, viewport: { width, height }, bypassCSP: listens });
  context.setDefaultTimeout(PATIENCE_MS);
  const host = new URL(base).host;
  const foreign = [];
  const errors = [];

  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());

    if (url.host === host || url.protocol === 'data:' || url.protocol === 'blob:') return route.fallback();
    foreign.push(url.href);
    return route.abort();
  });
  await context.addInitScript(watcherScript);
  const tab = await context.newPage();
  if (options.slow > 1) {
    const session = await context.newCDPSession(tab);
    await session.send('Emulation.setCPUThrottlingRate', { rate: options.slow });
  }
  tab.on('pageerror', (error) => errors.push(String(error)));
  tab.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  return { tab, context, foreign, errors };
}

/* What a page looks like to a test that failed on it. */
async function described(tab) {
  return tab.evaluate(`(() => {
    const video = document.querySelector('video');
    const at = document.activeElement;
    const ranges = video && [...Array(video.buffered.length).keys()].map((i) => [video.buffered.start(i), video.buffered.end(i)]);
    return JSON.stringify({
      address: location.pathname + location.search,
      focus: at && at !== document.body ? at.getAttribute('aria-label') ?? at.tagName : null,
      said: window.spnSaid,
      alert: document.querySelector('[role=alert]')?.innerText,
      dialog: document.querySelector('dialog')?.open,
      fullscreen: !!document.fullscreenElement,
      video: video && { time: video.currentTime, duration: video.duration, paused: video.paused, ended: video.ended, seeking: video.seeking,
        ready: video.readyState, speed: video.playbackRate, muted: video.muted, buffered: ranges, error: video.error?.message },
    });
  })()`);
}

/** Run body; where it fails, the error tells what was on the page. */
export async function telling({ tab, errors }, body) {
  try {
    await body();
  } catch (error) {
    error.stack += `\nthe page: ${await described(tab).catch((other) => other.message)}; its errors: ${JSON.stringify(errors)}`;
    throw error;
  }
}

/** Have body look at a page of its own. */
export async function visit(settings, body) {
  const opened = await page(settings);

  try {
    await telling(opened, () => body(opened.tab, opened));
  } finally {
    await opened.context.close();
  }
}
