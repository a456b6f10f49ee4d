/*
 * <sampan-player>: a film with its controls. Properties: base (the folder of the publication, "" when
 * the address names none), manifest, name (the film's), chapters (the address of their
 * WebVTT, "" for none).
 */
import { html, LitElement, nothing } from 'lit';
import { t, Translated, remember, remembered } from '../language.js';
import { clock } from '../time.js';
import { Engine } from './engine.js';
import { icons } from './icons.js';
import { press, rows } from './keys.js';
import './menu.js';
import './seek.js';

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const IDLE_MS = 3000;
const SAID_MS = 1500;
const SAME_S = 2; /* seconds into a chapter in which "back" means the one before */
const kept = 'sampan.volume';

class Player extends LitElement {
  static properties = {
    base: { attribute: false },
    manifest: { attribute: false },
    name: { attribute: false },
    chapters: { attribute: false },
  };

  constructor() {
    super();
    this.base = '';
    this.manifest = 'main.mpd';
    this.name = '';
    this.chapters = '';
    /** @type {Engine | null} */
    this.engine = null;
    /** @type {import('./engine.js').Problem | null} */
    this.problem = null;
    this.ready = false;
    this.waiting = false;
    this.idle = false;
    this.said = '';
    /** @type {string | undefined} the subtitles to come back to */
    this.lastText = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.idleTimer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.saidTimer = undefined;
    this.pressed = (/** @type {KeyboardEvent} */ event) => {
      this.awake();
      press(event, this.actions);
    };
    new Translated(this);
  }

  createRenderRoot() {
    return this;
  }

  get video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector('video'));
  }

  get frame() {
    return /** @type {HTMLElement} */ (this.querySelector('.player'));
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener('keydown', this.pressed);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.pressed);
    this.engine?.destroy();
  }

  firstUpdated() {
    const volume = Number(remembered(kept) ?? 1);

    this.engine = new Engine(this.video, /** @type {HTMLElement} */ (this.querySelector('.screen')));
    this.video.volume = volume >= 0 && volume <= 1 ? volume : 1;
    this.engine.addEventListener('tracks', () => this.requestUpdate());
    this.engine.addEventListener('error', (event) => {
      this.problem = /** @type {CustomEvent} */ (event).detail;
      this.requestUpdate();
    });
    document.addEventListener('fullscreenchange', () => this.requestUpdate());
    this.load();
  }

  /* They are told of by the API, whenever it answers. */
  updated(/** @type {Map<string, unknown>} */ changed) {
    if (changed.has('chapters') && this.ready) this.engine?.loadChapters(this.chapters);
  }

  /** @param {number} [start] */
  async load(start) {
    this.problem = this.base ? null : { kind: 'unnamed', code: '' };
    this.ready = false;
    this.requestUpdate();
    if (!this.base || !this.engine) return;
    this.ready = await this.engine.load(this.base, this.manifest, start);
    this.requestUpdate();
    if (this.ready) this.engine.loadChapters(this.chapters);
    if (this.ready) await this.video.play().catch(() => {}); /* a browser may want a click first */
  }

  /* Everything that keys and buttons do. */
  actions = {
    toggle: () => {
      if (!this.ready) return;
      if (this.video.paused) this.video.play().catch(() => {});
      else this.video.pause();
    },
    by: (/** @type {number} */ seconds) => this.seek(this.video.currentTime + seconds),
    to: (/** @type {number} */ share) => this.seek(this.duration * share),
    end: () => this.seek(this.duration),
    louder: (/** @type {number} */ by) => {
      this.video.muted = false;
      this.setVolume(this.video.volume + by);
      this.say(`${t('volume')} ${Math.round(this.video.volume * 100)} %`);
    },
    mute: () => {
      this.video.muted = !this.video.muted;
      this.say(this.video.muted ? t('muted') : `${t('volume')} ${Math.round(this.video.volume * 100)} %`);
    },
    fullscreen: () => {
      if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
      else this.frame.requestFullscreen?.().catch(() => {});
    },
    subtitles: () => {
      const choices = this.engine?.text() ?? [];
      const shown = choices.find(({ active }) => active);
      const next = shown ? null : (choices.find(({ key }) => key === this.lastText) ?? choices[0]);

      this.lastText = shown?.key ?? this.lastText;
      if (choices.length) this.chooseText(next?.key ?? null);
    },
    frame: (/** @type {number} */ by) => {
      const rate = this.engine?.frameRate() ?? 0;

      /* To the middle of the frame, where rounding cannot meet the one beside it. */
      if (rate && this.video.paused)
        this.seek((Math.floor(this.video.currentTime * rate + 1e-3) + by + 0.5) / rate);
    },
    /* Back is to where this chapter begins, and from there to the one before. */
    chapter: (/** @type {number} */ by) => {
      const at = this.chapterAt();
      const begun = at >= 0 && this.video.currentTime - this.marks[at].startTime > SAME_S;

      if (by > 0 || at > 0 || begun) this.toChapter(by > 0 ? at + 1 : begun ? at : at - 1);
    },
    faster: (/** @type {number} */ by) => {
      const at = SPEEDS.indexOf(this.speed) + by;

      if (at >= 0 && at < SPEEDS.length) this.setSpeed(SPEEDS[at]);
    },
    help: () => /** @type {HTMLDialogElement} */ (this.querySelector('dialog')).showModal(),
  };

  get duration() {
    const { duration } = this.video ?? {};

    return Number.isFinite(duration) ? duration : 0;
  }

  get speed() {
    return this.engine?.speed() ?? 1;
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (!this.ready) return;
    this.video.currentTime = Math.min(this.duration, Math.max(0, seconds));
    this.requestUpdate();
  }

  get marks() {
    return this.engine?.chapters ?? [];
  }

  /** The chapter that is shown, -1 before the first. */
  chapterAt() {
    const time = this.video?.currentTime ?? 0;

    return this.marks.findLastIndex(({ startTime }) => startTime <= time + 0.001);
  }

  /** To the frame that a chapter begins with: its time is told in milliseconds. @param {number} index */
  toChapter(index) {
    const mark = this.marks[index];
    const rate = this.engine?.frameRate() ?? 0;

    if (!mark) return;
    this.seek(rate ? (Math.round(mark.startTime * rate) + 0.5) / rate : mark.startTime);
    this.say(mark.title);
  }

  /** @param {number} volume */
  setVolume(volume) {
    this.video.volume = Math.min(1, Math.max(0, volume));
    remember(kept, String(this.video.volume));
  }

  /** @param {number} speed */
  setSpeed(speed) {
    if (!this.ready) return;
    this.engine?.chooseSpeed(speed);
    this.say(`${t('speed')} ${speed}×`);
  }

  /** @param {string | null} key */
  chooseText(key) {
    const choice = this.engine?.text().find((one) => one.key === key);

    this.engine?.chooseText(key);
    this.say(`${t('subtitles')}: ${choice?.label ?? t('off')}`);
  }

  /** @param {string} key */
  chooseAudio(key) {
    this.engine?.chooseAudio(key);
    this.say(`${t('audio')}: ${this.engine?.audio().find((one) => one.key === key)?.label ?? ''}`);
  }

  /** @param {string} key */
  chooseQuality(key) {
    this.engine?.chooseQuality(key ? Number(key) : null);
    this.say(`${t('quality')}: ${key ? `${key}p` : t('auto')}`);
  }

  /* On the screen for a moment, and to a screen reader. @param {string} text */
  say(/** @type {string} */ text) {
    this.said = text;
    clearTimeout(this.saidTimer);
    this.saidTimer = setTimeout(() => {
      this.said = '';
      this.requestUpdate();
    }, SAID_MS);
    this.requestUpdate();
  }

  /* Controls go away when nothing moves for a while, never while paused, under the pointer or with the focus. */
  awake() {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => this.sleep(), IDLE_MS);
    if (!this.idle) return;
    this.idle = false;
    this.requestUpdate();
  }

  sleep() {
    /* A finger that has gone leaves its :hover behind. */
    const pointed = matchMedia('(hover: hover)').matches && this.querySelector('.row:hover, .seek:hover');

    if (this.video.paused || this.problem || pointed) return;
    if (this.querySelector('.controls :focus-visible, sampan-menu[open]')) return;
    this.idle = true;
    this.requestUpdate();
  }

  buffered() {
    const ranges = this.video?.buffered;
    /** @type {[number, number][]} */
    const list = [];

    for (let i = 0; ranges && i < ranges.length; i++) list.push([ranges.start(i), ranges.end(i)]);
    return list;
  }

  qualityChoices() {
    const automatic = this.engine?.automatic() ?? true;
    const height = this.engine?.height() ?? 0;
    const heights = this.engine?.qualities() ?? [];

    return [
      { key: '', label: automatic && height ? t('autoAt', { height }) : t('auto'), lang: '', active: automatic },
      ...heights.map((one) => ({ key: String(one), label: `${one}p`, lang: '', active: !automatic && one === height })),
    ];
  }

  speedChoices() {
    return SPEEDS.map((speed) => ({
      key: String(speed),
      label: speed === 1 ? t('normal') : `${speed}×`,
      lang: '',
      active: speed === this.speed,
    }));
  }

  chapterChoices() {
    const at = this.chapterAt();

    return this.marks.map(({ startTime, title }, index) => ({
      key: String(index),
      label: `${clock(startTime)} ${title}`,
      lang: '',
      active: index === at,
    }));
  }

  textChoices() {
    const choices = this.engine?.text() ?? [];

    return [{ key: '', label: t('off'), lang: '', active: !choices.some(({ active }) => active) }, ...choices];
  }

  /**
   * @param {string} label
   * @param {unknown} icon
   * @param {() => void} act
   * @param {string} [name]
   */
  button(label, icon, act, name = '') {
    return html`<button type="button" class="control ${name}" aria-label=${label} title=${label} @click=${act}>
      ${icon}
    </button>`;
  }

  /**
   * @param {string} label
   * @param {unknown} icon
   * @param {import('./engine.js').Choice[]} choices
   * @param {(key: string) => void} choose
   */
  menu(label, icon, choices, choose) {
    return html`<sampan-menu
      .label=${label}
      .icon=${icon}
      .choices=${choices}
      @toggle=${() => this.awake()}
      @choose=${(/** @type {CustomEvent} */ event) => choose(event.detail)}
    ></sampan-menu>`;
  }

  controls() {
    const { video, engine } = this;
    const paused = video?.paused ?? true;
    const silent = !!video && (video.muted || video.volume === 0);
    const audio = engine?.audio() ?? [];
    const text = engine?.text() ?? [];

    return html`<div class="controls" role="group" aria-label=${t('player')}>
      <sampan-seek
        .time=${video?.currentTime ?? 0}
        .duration=${this.duration}
        .buffered=${this.buffered()}
        .engine=${engine}
        .chapters=${this.marks}
        @seek=${(/** @type {CustomEvent} */ event) => this.seek(event.detail)}
      ></sampan-seek>
      <div class="row">
        ${this.button(t(paused ? 'play' : 'pause'), paused ? icons.play : icons.pause, this.actions.toggle)}
        ${this.button(t(silent ? 'unmute' : 'mute'), silent ? icons.muted : icons.volume, this.actions.mute)}
        <input
          class="volume"
          type="range"
          min="0"
          max="1"
          step="0.05"
          style="--share:${silent ? 0 : (video?.volume ?? 1) * 100}%"
          .value=${String(silent ? 0 : (video?.volume ?? 1))}
          aria-label=${t('volume')}
          aria-valuetext="${Math.round(silent ? 0 : (video?.volume ?? 1) * 100)} %"
          @input=${(/** @type {Event} */ event) => {
            video.muted = false;
            this.setVolume(Number(/** @type {HTMLInputElement} */ (event.target).value));
          }}
        />
        <span class="time"><span>${clock(video?.currentTime ?? 0)}</span><span> / ${clock(this.duration)}</span></span>
        <span class="space"></span>
        ${this.marks.length > 1
          ? this.menu(t('chapters'), icons.chapters, this.chapterChoices(), (key) => this.toChapter(Number(key)))
          : nothing}
        ${audio.length > 1 ? this.menu(t('audio'), icons.audio, audio, (key) => this.chooseAudio(key)) : nothing}
        ${text.length
          ? this.menu(t('subtitles'), icons.subtitles, this.textChoices(), (key) => this.chooseText(key || null))
          : nothing}
        ${this.menu(t('quality'), icons.quality, this.qualityChoices(), (key) => this.chooseQuality(key))}
        ${this.menu(t('speed'), icons.speed, this.speedChoices(), (key) => this.setSpeed(Number(key)))}
        ${this.button(t('keys'), icons.keys, this.actions.help, 'help')}
        ${this.button(
          t(document.fullscreenElement ? 'leaveFullscreen' : 'fullscreen'),
          document.fullscreenElement ? icons.leave : icons.fullscreen,
          this.actions.fullscreen,
        )}
      </div>
    </div>`;
  }

  error() {
    const { problem } = this;

    if (!problem) return nothing;
    const key = /** @type {import('../strings.js').Key} */ (`error_${problem.kind}`);
    const final = problem.kind === 'unnamed' || problem.kind === 'gone' || problem.kind === 'browser';

    return html`<p>${t(key, { code: problem.code })}</p>
      ${final
        ? html`<a class="retry" href="/">${t('home')}</a>`
        : html`<button type="button" class="retry" @click=${() => this.load(this.video.currentTime || undefined)}>
            ${t('retry')}
          </button>`}`;
  }

  help() {
    return html`<dialog aria-labelledby="keys" @click=${(/** @type {Event} */ event) => {
      if (event.target === event.currentTarget) /** @type {HTMLDialogElement} */ (event.target).close();
    }}>
      <form method="dialog">
        <h2 id="keys">${t('keys')}</h2>
        <table>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  <th scope="row">${row.shown.split(' ').map((key) => (key === '…' ? '… ' : html`<kbd>${key}</kbd> `))}</th>
                  <td>${t(row.text)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
        <button class="retry">${t('close')}</button>
      </form>
    </dialog>`;
  }

  render() {
    const again = () => this.requestUpdate();
    const ready = () => {
      this.waiting = false;
      again();
    };
    const state = [this.idle && 'idle', this.waiting && !this.problem && 'waiting', this.problem && 'failed'];

    return html`<div
      class="player ${state.filter(Boolean).join(' ')}"
      @pointermove=${() => this.awake()}
      @pointerleave=${() => this.awake()}
      @focusin=${() => this.awake()}
    >
      <div class="screen" @click=${this.actions.toggle} @dblclick=${this.actions.fullscreen}>
        <video
          playsinline
          aria-label=${this.name || t('video')}
          @play=${again}
          @pause=${() => {
            this.awake();
            again();
          }}
          @timeupdate=${again}
          @progress=${again}
          @durationchange=${again}
          @volumechange=${again}
          @ratechange=${again}
          @seeked=${ready}
          @canplay=${ready}
          @waiting=${() => {
            this.waiting = true;
            again();
          }}
          @playing=${() => {
            this.awake();
            ready();
          }}
        ></video>
      </div>
      <span class="spinner" role="img" aria-label=${t('loading')} ?hidden=${!!this.problem || (this.ready && !this.waiting)}></span>
      <div class="said" role="status">${this.said}</div>
      <div class="problem" role="alert">${this.error()}</div>
      ${this.controls()} ${this.help()}
    </div>`;
  }
}
customElements.define('sampan-player', Player);
