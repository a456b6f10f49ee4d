/* Every playlist through hls-parser in strict mode, every MPD through the schema where there is one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import hlsParser from 'hls-parser';
import { options } from './arguments.js';
import { film } from './film.js';
import { diagnostic } from './tap.js';

export const folder = () => `${options.base}/v/${film().publication}/`;

async function get(address) {
  const response = await fetch(address);

  assert.equal(response.status, 200, `${address} answers ${response.status}`);
  return response.text();
}

/** The multivariant playlist and all it names; every segment of theirs answers. */
export async function playlists() {
  const { parse, setOptions } = hlsParser;
  const main = new URL('main.m3u8', folder());

  setOptions({ strictMode: true });
  const multivariant = parse(await get(main));
  assert.ok(multivariant.isMasterPlaylist, 'main.m3u8 is a multivariant playlist');
  const uris = new Set();
  for (const variant of multivariant.variants) {
    uris.add(variant.uri);
    for (const kind of ['audio', 'subtitles', 'video', 'closedCaptions'])
      for (const rendition of variant[kind] ?? []) if (rendition.uri) uris.add(rendition.uri);
  }
  for (const one of multivariant.sessionKeyList ?? []) assert.fail(`a key: ${one}`);
  let segments = 0;
  for (const uri of uris) {
    const address = new URL(uri, main);
    const playlist = parse(await get(address));

    assert.ok(!playlist.isMasterPlaylist, `${uri} is a media playlist`);
    assert.ok(playlist.endlist, `${uri} has its end`);
    for (const segment of playlist.segments) {
      assert.equal(segment.discontinuity ?? false, false, `${uri} has a discontinuity`);
      assert.ok(Math.round(segment.duration) <= playlist.targetDuration, `${uri}: a segment longer than the target`);
    }
    for (const segment of [playlist.segments[0], playlist.segments.at(-1)]) {
      const answer = await fetch(new URL(segment.uri, address), { method: 'HEAD' });
      assert.equal(answer.status, 200, `${segment.uri} of ${uri} answers ${answer.status}`);
    }
    segments += playlist.segments.length;
  }
  diagnostic(`${uris.size} playlists, ${segments} segments`);
}

/** The DASH schema of the material, found by its name; xmllint with a catalogue, so that nothing is fetched. */
function schema(dir) {
  const found = readdirSync(dir, { recursive: true }).filter((name) => path.basename(name) === 'DASH-MPD.xsd');
  const name = found.find((one) => one.includes('MPEGGroup')) ?? found[0];

  return name ? path.join(dir, name) : null;
}

export const hasSchema = () => !!options.material && existsSync(options.material) && !!schema(options.material);

export async function mpd() {
  const xsd = schema(options.material);
  const dir = mkdtempSync(path.join(tmpdir(), 'sampan-mpd-'));
  const file = path.join(dir, 'main.mpd');
  const catalog = path.join(dir, 'catalog.xml');
  const xlink = readdirSync(options.material, { recursive: true }).find((name) => path.basename(name) === 'xlink.xsd');
  const local = xlink && `file://${path.resolve(options.material, xlink)}`;

  try {
    writeFileSync(file, await get(new URL('main.mpd', folder())));
    writeFileSync(catalog, `<?xml version="1.0"?><catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
      ${['http', 'https'].flatMap((scheme) => [`${scheme}://www.w3.org/XML/2008/06/xlink.xsd`, `${scheme}://www.w3.org/1999/xlink.xsd`]).map((name) => (local ? `<uri name="${name}" uri="${local}"/><system systemId="${name}" uri="${local}"/>` : '')).join('')}
      </catalog>`);
    execFileSync('xmllint', ['--nonet', '--noout', '--schema', xsd, file], {
      env: { ...process.env, XML_CATALOG_FILES: catalog },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    throw new Error(error.stderr?.toString() || error.message);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
