/*
 * <sampan-menu>: a button that opens a list of which one is chosen. Properties: label, icon, choices
 * ({ key, label, lang, active }). Event "choose", detail: the key. Arrows, Home, End and letters as in
 * any menu; Escape closes it and gives the focus back.
 */
import { html, LitElement, nothing } from 'lit';

export class Menu extends LitElement {
  static properties = {
    label: {},
    icon: { attribute: false },
    choices: { attribute: false },
    open: { type: Boolean, reflect: true },
  };

  constructor() {
    super();
    this.label = '';
    /** @type {unknown} */
    this.icon = nothing;
    /** @type {import('./engine.js').Choice[]} */
    this.choices = [];
    this.open = false;
    this.outside = (/** @type {Event} */ event) => {
      if (!event.composedPath().includes(this)) this.close(false);
    };
  }

  createRenderRoot() {
    return this;
  }

  items() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll('[role=menuitemradio]')]);
  }

  async show() {
    this.open = true;
    document.addEventListener('pointerdown', this.outside);
    this.dispatchEvent(new Event('toggle', { bubbles: true }));
    await this.updateComplete;

    const items = this.items();
    const chosen = items.find((item) => item.getAttribute('aria-checked') === 'true') ?? items[0];

    chosen?.focus();
    chosen?.scrollIntoView({ block: 'nearest' });
  }

  close(focus = true) {
    if (!this.open) return;
    this.open = false;
    document.removeEventListener('pointerdown', this.outside);
    this.dispatchEvent(new Event('toggle', { bubbles: true }));
    if (focus) this.querySelector('button')?.focus();
  }

  /** @param {string} key */
  choose(key) {
    this.close();
    this.dispatchEvent(new CustomEvent('choose', { detail: key }));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const items = this.items();
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const last = items.length - 1;
    /** @type {Record<string, number>} */
    const moves = { ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, Home: 0, End: last };

    if (!this.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) items[moves[event.key]]?.focus();
    else if (event.key === 'Escape') this.close();
    else if (event.key === 'Tab') return this.close();
    else if (event.key.length > 1 || event.key === ' ') return event.stopPropagation();
    else
      items
        .find((item) => item.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))
        ?.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  render() {
    const active = this.choices.findIndex((choice) => choice.active);

    return html`<button
        type="button"
        class="control"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label=${this.label}
        title=${this.label}
        @click=${() => (this.open ? this.close() : this.show())}
      >
        ${this.icon}
      </button>
      ${this.open
        ? html`<div class="menu" role="menu" aria-label=${this.label} @keydown=${this.key}>
            ${this.choices.map(
              (choice, index) =>
                html`<button
                  type="button"
                  role="menuitemradio"
                  tabindex=${(active < 0 ? index === 0 : index === active) ? 0 : -1}
                  aria-checked=${choice.active}
                  lang=${choice.lang || nothing}
                  @click=${() => this.choose(choice.key)}
                >
                  ${choice.label}
                </button>`,
            )}
          </div>`
        : nothing}`;
  }
}
customElements.define('sampan-menu', Menu);
