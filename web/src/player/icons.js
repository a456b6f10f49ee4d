/* Icons of 24 x 24, drawn with lines. */
import { svg } from 'lit';

/** @param {import('lit').TemplateResult} content */
const icon = (content) =>
  svg`<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${content}</svg>`;

const speaker = svg`<path d="M4 9.5v5h3.5L12 18.5V5.5L7.5 9.5z" fill="currentColor"/>`;

export const icons = {
  play: icon(svg`<path d="M7 4.5v15l12.5-7.5z" fill="currentColor"/>`),
  pause: icon(svg`<path d="M8 5v14M16 5v14" stroke-width="4"/>`),
  volume: icon(svg`${speaker}<path d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11"/>`),
  muted: icon(svg`${speaker}<path d="M16 9.5l5 5M21 9.5l-5 5"/>`),
  chapters: icon(svg`<path d="M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01"/>`),
  audio: icon(svg`<path d="M5 10v4M8.5 7v10M12 4v16M15.5 8v8M19 10.5v3"/>`),
  subtitles: icon(svg`<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="M6.5 11.5h4M13 11.5h4.5M6.5 15.2h7M16 15.2h1.5"/>`),
  quality: icon(svg`<path d="M4 7h9M17 7h3M4 12h3M11 12h9M4 17h8M16 17h4"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="12" r="2"/><circle cx="14" cy="17" r="2"/>`),
  speed: icon(svg`<path d="M5.6 18a8.5 8.5 0 1 1 12.8 0M12 14l4-5"/><circle cx="12" cy="14" r="1.3" fill="currentColor"/>`),
  fullscreen: icon(svg`<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>`),
  leave: icon(svg`<path d="M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5"/>`),
  keys: icon(svg`<rect x="2.5" y="6" width="19" height="12" rx="2"/><path d="M6 10h.01M9 10h.01M12 10h.01M15 10h.01M18 10h.01M8 14.2h8"/>`),
};
