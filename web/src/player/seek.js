/*
 * <sampan-seek>: the bar under the film. A range input for hand, keyboard and screen reader, what is
 * buffered behind it, and over it the thumbnail of where the pointer or the thumb is. Event "seek",
 * detail: seconds.
 */
import { html, LitElement, nothing } from 'lit';
import { t, Translated } from '../language.js';
import { clock } from '../time.js';

/** @typedef {NonNullable<Awaited<ReturnType<import('./engine.js').Engine['thumbnail']>>>} Thumbnail */

const WIDTH = 160; /* CSS pixels of a thumbnail */

export class Seek extends LitElement {
  static properties = {
    time: { type: Number },
    duration: { type: Number },
    buffered: { attribute: false },
    engine: { attribute: false },
    chapters: { attribute: false },
    preview: { state: true },
  };

  constructor() {
    super();
    this.time = 0;
    this.duration = 0;
    /** @type {[number, number][]} */
    this.buffered = [];
    /** @type {import('./engine.js').Engine | null} */
    this.engine = null;
    /** @type {import('./engine.js').Engine['chapters']} */
    this.chapters = [];
    /** @type {{ time: number, picture: Thumbnail | null } | null} */
    this.preview = null;
    this.asked = 0;
    new Translated(this);
  }

  createRenderRoot() {
    return this;
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const bar = /** @type {HTMLElement} */ (this.querySelector('.track')).getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - bar.left) / bar.width));

    this.show(share * this.duration);
  }

  /** @param {number} time */
  async show(time) {
    const asked = ++this.asked;

    this.preview = { time, picture: this.preview?.picture ?? null };
    const picture = (await this.engine?.thumbnail(time).catch(() => null)) ?? null;
    if (asked === this.asked) this.preview = { time, picture };
  }

  hide() {
    this.asked++;
    this.preview = null;
  }

  /** @param {Event} event */
  input(event) {
    const time = Number(/** @type {HTMLInputElement} */ (event.target).value);

    this.dispatchEvent(new CustomEvent('seek', { detail: time }));
    if (this.preview) this.show(time);
  }

  /* A piece of its sheet at the sheet's own size, then scaled as a whole: the sheet's size is not known. */
  picture(/** @type {Thumbnail} */ picture) {
    const scale = WIDTH / picture.width;

    return html`<span class="picture" style="width:${WIDTH}px;height:${picture.height * scale}px">
      <i
        style="width:${picture.width}px;height:${picture.height}px;transform:scale(${scale});
          background:url('${encodeURI(picture.uris[0])}') ${-picture.positionX}px ${-picture.positionY}px no-repeat"
      ></i>
    </span>`;
  }

  /** @param {number} time */
  chapter(time) {
    return this.chapters.find(({ startTime, endTime }) => startTime <= time && time < endTime)?.title ?? '';
  }

  /** @param {number} time */
  percent(time) {
    return this.duration ? Math.min(100, (time / this.duration) * 100) : 0;
  }

  render() {
    const { preview, duration } = this;

    return html`<div class="seek" @pointermove=${this.hover} @pointerleave=${this.hide}>
      <div class="track" aria-hidden="true">
        ${this.buffered.map(
          ([from, to]) =>
            html`<i class="buffered" style="left:${this.percent(from)}%;width:${this.percent(to - from)}%"></i>`,
        )}
        <i class="played" style="width:${this.percent(this.time)}%"></i>
        ${this.chapters
          .filter(({ startTime }) => startTime > 0)
          .map(({ startTime }) => html`<i class="chapter" style="left:${this.percent(startTime)}%"></i>`)}
      </div>
      <input
        type="range"
        min="0"
        max=${duration || 1}
        step="any"
        .value=${String(this.time)}
        aria-label=${t('seek')}
        aria-valuetext=${t('position', { at: clock(this.time), of: clock(duration) })}
        @input=${this.input}
      />
      ${preview
        ? html`<span class="preview" aria-hidden="true" style="--at:${this.percent(preview.time)}%">
            ${preview.picture ? this.picture(preview.picture) : nothing}
            ${this.chapter(preview.time) ? html`<span class="at">${this.chapter(preview.time)}</span>` : nothing}
            <span class="at">${clock(preview.time)}</span>
          </span>`
        : nothing}
    </div>`;
  }
}
customElements.define('sampan-seek', Seek);
