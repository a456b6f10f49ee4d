/* <sampan-start>: what can be watched here, and what is being made. */
import { html, LitElement, nothing } from 'lit';
import { watchAddress, watchList } from './api.js';
import './head.js';
import { percent, pick, t, Translated } from './language.js';
import { clock } from './time.js';
import { strings } from './strings.js';

const SOON_MS = 2000;
const LATER_MS = 15000;
const SHOWN = 6; /* of what is being made, by name */

class Start extends LitElement {
  constructor() {
    super();
    /** @type {import('./api.js').Watch | null} */
    this.list = null;
    this.failed = false;
    new Translated(this);
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.look();
  }

  /* Again and again, sooner while something is being made; not while nobody looks. */
  async look() {
    if (!document.hidden) {
      try {
        this.list = await watchList();
        this.failed = false;
      } catch {
        this.failed = true;
      }
      this.requestUpdate();
    }
    setTimeout(() => this.look(), this.list?.making.length || this.failed ? SOON_MS : LATER_MS);
  }

  /** @param {import('./api.js').Publication['poster']} poster */
  poster(poster) {
    if (!poster) return html`<img class="blank" src="/boat.svg" alt="" />`;
    if (typeof poster === 'string') return html`<img src=${poster} alt="" loading="lazy" />`;

    const { sheet, columns, rows, tile } = poster;
    const share = (/** @type {number} */ at, /** @type {number} */ of) => (of > 1 ? (at / (of - 1)) * 100 : 0);

    return html`<span
      class="tile"
      style="background-image:url('${encodeURI(sheet)}');background-size:${columns * 100}% ${rows * 100}%;
        background-position:${share(tile % columns, columns)}% ${share(Math.floor(tile / columns), rows)}%"
    ></span>`;
  }

  /** @param {import('./api.js').Publication} publication */
  card(publication) {
    const title = pick(publication.title);

    return html`<li class="card">
      <a href=${watchAddress(publication.id)}>
        <span class="poster">
          ${this.poster(publication.poster)}
          <span class="length">${clock(publication.duration_ms / 1000)}</span>
        </span>
        <span class="title" lang=${title.lang || nothing}>${title.text || publication.id}</span>
      </a>
    </li>`;
  }

  /** @param {import('./api.js').Making} making */
  making(making) {
    const key = /** @type {import('./strings.js').Key} */ (`state_${making.state}`);
    const state = key in strings.en ? t(key) : making.state;

    return html`<li class="making ${making.state}">
      <span class="name">${making.name}</span>
      <span class="state">${state}${making.total > 0 ? ` · ${percent(making.done / making.total)}` : ''}</span>
      ${making.total > 0
        ? html`<progress max=${making.total} value=${making.done} aria-label=${making.name}></progress>`
        : nothing}
    </li>`;
  }

  /** @param {import('./api.js').Making[]} list */
  makings(list) {
    if (!list.length) return nothing;
    const more = list.length - SHOWN;

    return html`<section aria-labelledby="making">
      <h2 id="making">${t('making')}</h2>
      <ul class="makings">
        ${list.slice(0, SHOWN).map((making) => this.making(making))}
      </ul>
      ${more > 0 ? html`<p class="more">${t('more', { count: more })}</p>` : nothing}
    </section>`;
  }

  /**
   * @param {import('./strings.js').Key} name
   * @param {import('./api.js').Publication[]} list
   */
  shelf(name, list) {
    if (!list.length) return nothing;

    return html`<section aria-labelledby=${name}>
      <h2 id=${name}>${t(name)} <span class="count">${list.length}</span></h2>
      <ul class="cards">
        ${list.map((publication) => this.card(publication))}
      </ul>
    </section>`;
  }

  render() {
    const { list } = this;
    /* What is being cut comes first, as what was cut does. */
    const making = [...(list?.making ?? [])].sort((a, b) => Number(b.state === 'building') - Number(a.state === 'building'));

    document.title = `Sampan – ${t('watch')}`;
    return html`<div class="start" aria-busy=${!list && !this.failed}>
      <p role="status" class="notice" ?hidden=${!this.failed}>${this.failed ? t('unreachable') : nothing}</p>
      <h1>${t('watch')}</h1>
      ${list && !list.publications.length
        ? html`<div class="nothing">
            <img src="/boat.svg" alt="" width="64" height="64" />
            <p>${t('nothing')}</p>
            ${making.length ? nothing : html`<p>${t('nothingHow')} <code>sampan ingest ${t('file')} --publish</code></p>`}
          </div>`
        : nothing}
      ${this.makings(making)}
      ${this.shelf('films', list?.publications.filter(({ cut }) => cut) ?? [])}
      ${this.shelf('videos', list?.publications.filter(({ cut }) => !cut) ?? [])}
    </div>`;
  }
}
customElements.define('sampan-start', Start);
