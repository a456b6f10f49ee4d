/*
 * The language of the page: chosen by ?lang=, by the viewer before, or by the browser. Names of works
 * come in several languages at once and are picked from here too.
 */
import { strings } from './strings.js';

/** @typedef {import('./strings.js').Key} Key */
/** @typedef {import('./strings.js').Language} Language */

/** @type {{ tag: Language, name: string }[]} */
export const languages = [
  { tag: 'en', name: 'English' },
  { tag: 'zh-Hans', name: '简体中文' },
  { tag: 'zh-Hant', name: '繁體中文' },
];

const kept = 'sampan.language';
const changed = new EventTarget();

/**
 * The language of ours that serves a BCP 47 tag, or null.
 * @param {string | null} tag
 * @returns {Language | null}
 */
export function languageFor(tag) {
  const lower = (tag ?? '').toLowerCase();

  if (lower === 'en' || lower.startsWith('en-')) return 'en';
  if (lower !== 'zh' && !lower.startsWith('zh-')) return null;
  return /hant|-tw|-hk|-mo/.test(lower) ? 'zh-Hant' : 'zh-Hans';
}

/** @returns {Language} */
function first() {
  const asked = new URLSearchParams(location.search).get('lang');
  const wishes = [asked, remembered(kept), ...navigator.languages];

  for (const wish of wishes) {
    const found = languageFor(wish);

    if (found) return found;
  }
  return 'en';
}

/** @type {Language} */
let current = first();
document.documentElement.lang = current;

export const language = () => current;

/** @param {Language} tag */
export function setLanguage(tag) {
  current = tag;
  document.documentElement.lang = tag;
  remember(kept, tag);
  changed.dispatchEvent(new Event('change'));
}

/** What a component does to be drawn again when the language changes (a Lit controller). */
export class Translated {
  /** @param {import('lit').ReactiveControllerHost} host */
  constructor(host) {
    this.update = () => host.requestUpdate();
    host.addController(this);
  }
  hostConnected() {
    changed.addEventListener('change', this.update);
  }
  hostDisconnected() {
    changed.removeEventListener('change', this.update);
  }
}

/**
 * The words for key in the language of the page.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return strings[current][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/**
 * The name to show of those a work has, with the language it is in.
 * @param {Record<string, string> | string | null | undefined} names
 * @param {Language} [wanted]
 * @returns {{ text: string, lang: string }}
 */
export function pick(names, wanted = current) {
  if (!names || typeof names === 'string') return { text: names ?? '', lang: '' };

  const tags = Object.keys(names).filter((tag) => names[tag]);
  const near = tags.find((tag) => languageFor(tag) === wanted);
  const base = tags.find((tag) => tag.split('-')[0] === wanted.split('-')[0]);
  const tag = names[wanted] ? wanted : near ?? base ?? (names.en ? 'en' : tags[0]);

  return tag ? { text: names[tag], lang: tag === 'und' ? '' : tag } : { text: '', lang: '' };
}

/**
 * What a language is called on this page: "Chinese", "中文".
 * @param {string} tag
 */
export function languageName(tag) {
  try {
    return new Intl.DisplayNames([current], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** @param {number} share of one */
export const percent = (share) =>
  new Intl.NumberFormat(current, { style: 'percent' }).format(share);

/** @param {string} key */
export function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; /* storage may be forbidden */
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* then it is asked for again next time */
  }
}
