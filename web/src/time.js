/** @param {number} seconds @returns {string} 1:05, 1:02:03 */
export function clock(seconds) {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);

  return shown.map((part, i) => (i ? String(part).padStart(2, '0') : String(part))).join(':');
}
