/* <sampan-head>: the name of the place, and the choice of language. */
import { html, LitElement } from 'lit';
import { language, languages, setLanguage, t, Translated } from './language.js';

class Head extends LitElement {
  constructor() {
    super();
    new Translated(this);
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Event} event */
  choose(event) {
    const select = /** @type {HTMLSelectElement} */ (event.target);

    setLanguage(/** @type {import('./strings.js').Language} */ (select.value));
  }

  render() {
    return html`<header class="head">
      <a class="brand" href="/" aria-label="Sampan – ${t('home')}">
        <img src="/boat.svg" alt="" width="28" height="28" />
        <span lang="zh-Hans" aria-hidden="true">舢舨</span><span aria-hidden="true">Sampan</span>
      </a>
      <select aria-label=${t('language')} @change=${this.choose}>
        ${languages.map(
          ({ tag, name }) =>
            html`<option value=${tag} lang=${tag} ?selected=${tag === language()}>${name}</option>`,
        )}
      </select>
    </header>`;
  }
}
customElements.define('sampan-head', Head);
