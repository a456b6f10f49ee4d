/* What is built names no other host: every address in it stands in a list of names that nobody fetches. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { options } from './arguments.js';

/* Names that begin with http:// and are no address: nobody asks those hosts anything. */
const names = [
  'www.w3.org', // XML vocabularies
  'www.smpte-ra.org', // of timed text
  'dashif.org', // schemes of DASH
  'aomedia.org', // of its events
  'developer.apple.com', // the same
  'bit.ly', // in a message of Shaka Player's
];

export function reachesNobody() {
  const found = new Map();

  for (const entry of readdirSync(options.web, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);

    for (const [, host] of readFileSync(file, 'utf8').matchAll(/\b(?:https?|wss?):\/\/([\w.-]+\.[a-z]{2,})/gi))
      if (!names.includes(host)) found.set(host, path.basename(file));
  }
  assert.deepEqual([...found], [], 'hosts named in what is built');
}
