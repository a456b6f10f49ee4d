/* What each key does. One table makes both the behaviour and the list that "?" shows. */

/**
 * @typedef {{ toggle(): void, by(seconds: number): void, to(share: number): void, end(): void,
 *   louder(by: number): void, mute(): void, fullscreen(): void, subtitles(): void,
 *   frame(by: number): void, chapter(by: number): void, faster(by: number): void, help(): void }} Actions
 * @typedef {{ keys: string[], shown: string, text: import('../strings.js').Key,
 *   act(actions: Actions, key: string): void }} Row
 */

/** @type {Row[]} */
export const rows = [
  { keys: [' ', 'k'], shown: 'Space K', text: 'key_play', act: (a) => a.toggle() },
  { keys: ['ArrowLeft', 'ArrowRight'], shown: '← →', text: 'key_five', act: (a, key) => a.by(key === 'ArrowLeft' ? -5 : 5) },
  { keys: ['j', 'l'], shown: 'J L', text: 'key_ten', act: (a, key) => a.by(key === 'j' ? -10 : 10) },
  { keys: ['ArrowUp', 'ArrowDown'], shown: '↑ ↓', text: 'key_volume', act: (a, key) => a.louder(key === 'ArrowUp' ? 0.05 : -0.05) },
  { keys: ['m'], shown: 'M', text: 'key_mute', act: (a) => a.mute() },
  { keys: ['f'], shown: 'F', text: 'key_fullscreen', act: (a) => a.fullscreen() },
  { keys: ['c'], shown: 'C', text: 'key_subtitles', act: (a) => a.subtitles() },
  { keys: [...'0123456789'], shown: '0 … 9', text: 'key_digits', act: (a, key) => a.to(Number(key) / 10) },
  { keys: ['Home', 'End'], shown: 'Home End', text: 'key_ends', act: (a, key) => (key === 'Home' ? a.to(0) : a.end()) },
  { keys: [',', '.'], shown: ', .', text: 'key_frame', act: (a, key) => a.frame(key === ',' ? -1 : 1) },
  { keys: ['[', ']'], shown: '[ ]', text: 'key_chapter', act: (a, key) => a.chapter(key === '[' ? -1 : 1) },
  { keys: ['<', '>'], shown: '< >', text: 'key_speed', act: (a, key) => a.faster(key === '<' ? -1 : 1) },
  { keys: ['?'], shown: '?', text: 'key_help', act: (a) => a.help() },
];

/**
 * Act on a key, unless it belongs to what has the focus: text fields and choices keep all of theirs,
 * sliders their arrows, Home and End, buttons the space bar.
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 */
export function press(event, actions) {
  const focus = /** @type {HTMLElement} */ (event.target);
  /* The list of keys, just closed, still has the focus until the page is drawn again. */
  const target = focus.closest?.('dialog:not([open])') ? document.body : focus;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const row = rows.find(({ keys }) => keys.includes(key));

  if (!row || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest?.('select, textarea, dialog, [role=menu]')) return;
  if (target.matches?.('input:not([type=range])')) return;
  if (target.matches?.('input[type=range]') && event.key.length > 1) return;
  if (target.matches?.('button, a') && event.key === ' ') return;
  event.preventDefault();
  row.act(actions, key);
}
