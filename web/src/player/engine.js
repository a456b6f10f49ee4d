/*
 * Shaka Player's core behind what the controls need: tracks to choose from, errors as a few kinds,
 * thumbnails. None of Shaka's user interface is used. Events: "tracks", "error" (detail: Problem).
 */
import shaka from 'shaka-player/dist/shaka-player.compiled-es2021.js';
import { language, languageFor, languageName, remember, remembered, t } from '../language.js';

/**
 * @typedef {'missing' | 'gone' | 'network' | 'browser' | 'media' | 'other' | 'unnamed'} Kind
 * @typedef {{ kind: Kind, code: string }} Problem
 * @typedef {{ key: string, label: string, lang: string, active: boolean }} Choice
 */

const kept = { audio: 'sampan.audio', text: 'sampan.text' };
const NO_TEXT = 'off';

/** @param {string} tag */
const base = (tag) => tag.toLowerCase().split('-')[0];

/** @param {any} error a shaka.util.Error, or anything @returns {Problem} */
export function problemOf(error) {
  const { BAD_HTTP_STATUS } = shaka.util.Error.Code;
  const Category = shaka.util.Error.Category;
  const code = String(error?.code ?? error?.name ?? '');

  if (error?.code === BAD_HTTP_STATUS) {
    const status = error.data?.[1];

    if (status === 404) return { kind: 'missing', code: '404' };
    if (status === 410) return { kind: 'gone', code: '410' };
    return { kind: 'network', code: String(status) };
  }
  if (error?.category === Category.NETWORK) return { kind: 'network', code };
  if (error?.category === Category.MEDIA) return { kind: 'media', code };
  return { kind: 'other', code };
}

/**
 * A track as the viewer reads it: its own name where the manifest gives one, else its language's.
 * @param {{ label: string | null, language: string, originalLanguage: string | null }} track
 * @param {number} index
 */
function named(track, index) {
  const tag = track.originalLanguage || track.language || 'und';

  if (track.label) return { label: track.label, lang: tag };
  if (tag === 'und') return { label: t('unnamed', { number: index + 1 }), lang: language() };
  return { label: languageName(tag), lang: language() };
}

export class Engine extends EventTarget {
  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLElement} container where subtitles are drawn
   */
  constructor(video, container) {
    super();
    this.video = video;
    shaka.polyfill.installAll();
    this.supported = shaka.Player.isBrowserSupported();
    /* Nothing is attached yet: the displayer of text must be chosen before the first load(). */
    this.player = new shaka.Player();
    this.player.setVideoContainer(container);
    this.player.configure({
      textDisplayFactory: () => new shaka.text.UITextDisplayer(this.player),
      streaming: {
        bufferingGoal: 30,
        bufferBehind: 60,
        /* Without a backoff the end is the end: Shaka would go to a second before it. */
        durationBackoff: 0,
        /*
         * Nothing is fetched ahead of its turn. A seek gives up the init segment that a chosen quality or
         * language still waits for, Shaka 5.2.12 keeps that given-up fetch among those made ahead and takes
         * it up again and again: nothing more is fetched, for ever. shaka-project/shaka-player#10569.
         */
        segmentPrefetchLimit: 0,
      },
      abr: { defaultBandwidthEstimate: 3e6 },
    });
    /** @type {shaka.extern.ImageTrack | null} */
    this.images = null;
    /** @type {{ startTime: number, endTime: number, title: string }[]} */
    this.chapters = [];
    for (const name of ['trackschanged', 'variantchanged', 'textchanged', 'adaptation'])
      this.player.addEventListener(name, () => this.dispatchEvent(new Event('tracks')));
    this.player.addEventListener('error', (/** @type {any} */ event) => {
      if (event.detail?.severity === shaka.util.Error.Severity.CRITICAL) this.fail(event.detail);
    });
  }

  /** @param {any} error */
  fail(error) {
    this.dispatchEvent(new CustomEvent('error', { detail: problemOf(error) }));
  }

  /**
   * @param {string} address of the folder of the publication, with its slash
   * @param {string} manifest main.mpd or main.m3u8
   * @param {number} [start] seconds
   */
  async load(address, manifest, start) {
    if (!this.supported) {
      this.dispatchEvent(new CustomEvent('error', { detail: { kind: 'browser', code: '' } }));
      return false;
    }
    try {
      await this.player.attach(this.video);
      await this.player.load(address + manifest, start);
      await this.begin(address);
      return true;
    } catch (/** @type {any} */ error) {
      if (error?.code !== shaka.util.Error.Code.LOAD_INTERRUPTED) this.fail(error);
      return false;
    }
  }

  /* The audio the viewer chose before; subtitles as before, or where the film speaks another language. */
  async begin(/** @type {string} */ address) {
    const audio = remembered(kept.audio);
    const text = remembered(kept.text);
    const wanted = this.audio().find(({ key }) => base(key) === audio);

    if (audio && wanted && !wanted.active) this.chooseAudio(wanted.key, false);

    const spoken = this.player.getAudioTracks().find(({ active }) => active);
    const foreign = !!spoken?.language && base(spoken.language) !== base(language());
    const wish = text ?? (foreign ? language() : NO_TEXT);
    const choice = this.text().find(({ key }) => {
      const tag = key.split('/')[0];

      return tag === wish || (!text && languageFor(tag) === wish);
    });

    this.chooseText(choice?.key ?? null, false);
    this.images = this.player.getImageTracks()[0] ?? null;
    if (!this.images)
      try {
        this.images = await this.player.addThumbnailsTrack(new URL(`${address}storyboard.vtt`, location.href).href, 'text/vtt');
      } catch {
        /* a film need not have a storyboard */
      }
    this.dispatchEvent(new Event('tracks'));
  }

  /** @param {string} address of their WebVTT, "" for none */
  async loadChapters(address) {
    if (!address) return;
    try {
      await this.player.addChaptersTrack(new URL(address, location.href).href, 'und', 'text/vtt');
      this.chapters = await this.player.getChaptersAsync('und');
    } catch {
      /* a film plays without its chapters */
    }
    this.dispatchEvent(new Event('tracks'));
  }

  /** @returns {Choice[]} */
  audio() {
    return this.player.getAudioTracks().map((track, index) => {
      const name = named(track, index);
      const label = (track.channelsCount ?? 0) > 2 && !/5\.1/.test(name.label)
        ? t('channels51', { name: name.label })
        : name.label;

      return { ...name, label, key: this.audioKey(track), active: track.active };
    });
  }

  /** @param {shaka.extern.AudioTrack} track */
  audioKey(track) {
    return [track.language, track.label, track.channelsCount, track.codecs, track.roles.join()].join('/');
  }

  chooseAudio(/** @type {string} */ key, keep = true) {
    const track = this.player.getAudioTracks().find((one) => this.audioKey(one) === key);

    if (!track) return;
    this.player.selectAudioTrack(track);
    if (keep) remember(kept.audio, base(track.language));
  }

  /** @returns {Choice[]} */
  text() {
    return this.player.getTextTracks().map((track, index) => ({
      ...named(track, index),
      key: this.textKey(track),
      active: track.active,
    }));
  }

  /** @param {shaka.extern.TextTrack} track */
  textKey(track) {
    return `${track.originalLanguage || track.language}/${track.id}`;
  }

  chooseText(/** @type {string | null} */ key, keep = true) {
    const track = this.player.getTextTracks().find((one) => this.textKey(one) === key) ?? null;

    this.player.selectTextTrack(track);
    if (keep) remember(kept.text, track ? track.originalLanguage || track.language : NO_TEXT);
  }

  /** Heights to choose from, the largest first. */
  qualities() {
    const heights = this.player.getVideoTracks().map(({ height }) => height ?? 0);

    return [...new Set(heights)].filter(Boolean).sort((a, b) => b - a);
  }

  automatic() {
    return this.player.getConfiguration().abr.enabled;
  }

  height() {
    return this.player.getVideoTracks().find(({ active }) => active)?.height ?? 0;
  }

  chooseQuality(/** @type {number | null} */ height) {
    const track = this.player.getVideoTracks().find((one) => one.height === height);

    this.player.configure({ abr: { enabled: !track } });
    if (track) this.player.selectVideoTrack(track, true);
    this.dispatchEvent(new Event('tracks'));
  }

  /** Frames a second of what is shown; 0 where it is not known. */
  frameRate() {
    return this.player.getVideoTracks().find(({ active }) => active)?.frameRate ?? 0;
  }

  /** The speed that was chosen: while the film waits for data, the element's own rate is 0. */
  speed() {
    return this.player.getPlaybackRate() || 1;
  }

  chooseSpeed(/** @type {number} */ speed) {
    this.player.trickPlay(speed, false);
  }

  /**
   * The thumbnail at a time, and where it is in its sheet.
   * @param {number} seconds
   */
  async thumbnail(seconds) {
    return this.images ? this.player.getThumbnails(this.images.id, seconds) : null;
  }

  destroy() {
    return this.player.destroy();
  }
}
