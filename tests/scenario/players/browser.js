/* Debian's Chromium, and pages that may reach one host only. */
import { chromium } from 'playwright-core';
import { options } from './arguments.js';
import { watcherScript } from './watcher.js';

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
  tab.on('pageerror', (error) => errors.push(String(error)));
  tab.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  return { tab, context, foreign, errors };
}
