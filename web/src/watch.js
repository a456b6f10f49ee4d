/* <sampan-watch>: the page that plays one publication, named by ?p=. It plays whether or not the API answers. */
import { html, LitElement, nothing } from 'lit';
import { watchList } from './api.js';
import './head.js';
import { pick, Translated } from './language.js';
import './player/player.js';

class Watch extends LitElement {
  constructor() {
    super();
    const query = new URLSearchParams(location.search);

    this.publication = query.get('p') ?? '';
    this.manifest = query.get('manifest') === 'hls' ? 'main.m3u8' : 'main.mpd';
    /** @type {import('./api.js').Publication | undefined} */
    this.known = undefined;
    new Translated(this);
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.publication) this.look();
  }

  async look() {
    try {
      const list = await watchList();

      this.known = list.publications.find(({ id }) => id === this.publication);
      this.requestUpdate();
    } catch {
      /* a title is pleasant, not needed */
    }
  }

  render() {
    const title = pick(this.known?.title);
    const base = `/v/${encodeURIComponent(this.publication)}/`;

    document.title = title.text ? `${title.text} – Sampan` : 'Sampan';
    return html`<sampan-player
        .base=${this.publication ? base : ''}
        .manifest=${this.manifest}
        .name=${title.text}
        .chapters=${this.known?.chapters ?? ''}
      ></sampan-player>
      <h1 class="film" lang=${title.lang || nothing}>${title.text || this.publication || 'Sampan'}</h1>`;
  }
}
customElements.define('sampan-watch', Watch);
