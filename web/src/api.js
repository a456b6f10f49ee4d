/**
 * What may be watched here, and what is being made: GET /api/v1/watch, which needs no token.
 *
 * @typedef {Record<string, string>} Names  per BCP 47 tag
 * @typedef {{ id: string, title: Names | string, duration_ms: number, hls: string, dash: string,
 *             poster?: Poster | string | null, cut?: string | null, chapters?: string | null }} Publication
 * @typedef {{ sheet: string, columns: number, rows: number, tile: number }} Poster  one tile of a sheet
 * @typedef {{ name: string, state: string, done: number, total: number }} Making
 * @typedef {{ publications: Publication[], making: Making[] }} Watch
 */

/** @returns {Promise<Watch>} */
export async function watchList() {
  const response = await fetch('/api/v1/watch', { headers: { accept: 'application/json' } });

  if (!response.ok) throw new Error(`the list answered ${response.status}`);
  const list = await response.json();
  return { publications: list.publications ?? [], making: list.making ?? [] };
}

/** The address of the page that plays a publication. @param {string} id */
export const watchAddress = (id) => `/watch?p=${encodeURIComponent(id)}`;
