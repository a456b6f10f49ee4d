/*
 * A publication made by ffmpeg's own muxers, and a server of files: so that these tests can be tried
 * without anything of Sampan's delivery, and shown to fail where something is wrong (--sabotage).
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { options } from './arguments.js';
import { rateOf } from './film.js';

const id = 'publication_static';
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.mpd': 'application/dash+xml', '.m3u8': 'application/vnd.apple.mpegurl', '.m4s': 'video/iso.segment', '.mp4': 'video/mp4', '.vtt': 'text/vtt', '.jpg': 'image/jpeg', '.json': 'application/json' };
const run = (program, ...args) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });

const sabotages = {
  shift: ['--first', '1'], // every frame is one late
  source: ['--source', '9'], // another film
  language: [], // the languages are swapped
};

/** Make the film and its manifests below dir, and serve them; gives what to stop. */
export async function serveStatic(dir) {
  const folder = path.join(dir, 'v', id);
  const film = path.join(dir, 'film.mp4');
  const rate = rateOf(options.rate);
  const frames = 20 * rate;

  mkdirSync(folder, { recursive: true });
  run(options.sample, 'one', '--out', film, '--rate', options.rate, '--frames', String(frames), '--source', String(options.source), '--title', '起雾', '--subtitle', '1  Mist', '--speech', ...(sabotages[options.sabotage] ?? []));
  run('ffmpeg', '-nostdin', '-v', 'error', '-y', '-i', film, '-map', '0:v', '-map', '0:v', '-map', '0:a', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-bf', '0', '-g', '50', '-keyint_min', '50', '-sc_threshold', '0', '-s:v:1', '416x234', '-c:a', 'aac', '-b:a', '128k', '-f', 'dash', '-seg_duration', '4', '-use_timeline', '1', '-use_template', '1', '-adaptation_sets', 'id=0,streams=v id=1,streams=2 id=2,streams=3', '-hls_playlist', '1', path.join(folder, 'main.mpd'));
  run('ffmpeg', '-nostdin', '-v', 'error', '-y', '-i', film, '-vf', `fps=1/2:start_time=0,scale=160:-2,tile=5x2`, '-frames:v', '1', path.join(folder, 'sheet.jpg'));
  for (const language of ['zh-Hans', 'en'])
    run(options.sample, 'text', '--out', path.join(folder, `${language}.vtt`), '--language', language, '--source', String(options.source), '--rate', options.rate, '--frames', String(frames));

  const seconds = frames / rate;
  const two = (n) => String(n).padStart(2, '0');
  writeFileSync(path.join(folder, 'storyboard.vtt'), 'WEBVTT\n\n' + Array.from({ length: 10 }, (_, i) => `00:00:${two(i * 2)}.000 --> 00:00:${two(i * 2 + 2)}.000\nsheet.jpg#xywh=${(i % 5) * 160},${Math.floor(i / 5) * 90},160,90\n`).join('\n'));
  const text = (language, n) => `<AdaptationSet id="${n}" contentType="text" lang="${language}" mimeType="text/vtt"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/><Representation id="${language}" bandwidth="256"><BaseURL>${language}.vtt</BaseURL></Representation></AdaptationSet>`;
  const swapped = options.sabotage === 'language';
  const mpd = readFileSync(path.join(folder, 'main.mpd'), 'utf8').replace(/lang="(zho|eng)"/g, (all, tag) => (swapped ? `lang="${tag === 'zho' ? 'eng' : 'zho'}"` : all)).replace('</Period>', text('zh-Hans', 8) + text('en', 9) + '</Period>');
  writeFileSync(path.join(folder, 'main.mpd'), mpd);
  writeFileSync(path.join(folder, 'main.m3u8'), `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="中文",LANGUAGE="zh",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="media_${swapped ? 3 : 2}.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en",AUTOSELECT=YES,CHANNELS="2",URI="media_${swapped ? 2 : 3}.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="t",NAME="简体中文",LANGUAGE="zh-Hans",AUTOSELECT=YES,DEFAULT=NO,FORCED=NO,URI="zh-Hans.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="t",NAME="English",LANGUAGE="en",AUTOSELECT=YES,DEFAULT=NO,FORCED=NO,URI="en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1500000,AVERAGE-BANDWIDTH=900000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=${rate.toFixed(3)},AUDIO="a",SUBTITLES="t"
media_0.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=800000,AVERAGE-BANDWIDTH=500000,CODECS="avc1.640015,mp4a.40.2",RESOLUTION=416x234,FRAME-RATE=${rate.toFixed(3)},AUDIO="a",SUBTITLES="t"
media_1.m3u8
`);
  for (let i = 0; i < 4; i++) {
    const playlist = path.join(folder, `media_${i}.m3u8`);
    writeFileSync(playlist, readFileSync(playlist, 'utf8').replace(/#EXT-X-PROGRAM-DATE-TIME.*\n/g, ''));
  }
  for (const language of ['zh-Hans', 'en'])
    writeFileSync(path.join(folder, `${language}.m3u8`), `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:${Math.ceil(seconds)}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:${seconds.toFixed(3)},\n${language}.vtt\n#EXT-X-ENDLIST\n`);

  const list = { publications: [{ id, cut: null, title: { 'zh-Hans': '江上行舟：起雾', 'zh-Hant': '江上行舟：起霧', en: 'A Boat on the River: Mist' }, duration_ms: seconds * 1000, hls: `/v/${id}/main.m3u8`, dash: `/v/${id}/main.mpd`, poster: `/v/${id}/poster.jpg` }, { id, cut: 'cut_static', title: { en: 'All of the river' }, duration_ms: 95000, hls: `/v/${id}/main.m3u8`, dash: `/v/${id}/main.mpd`, poster: null }], making: [{ name: 'The river in six minutes', state: 'building', done: 3, total: 8 }, { name: 'episode-02.mp4', state: 'encoding', done: 420, total: 1000 }, { name: '第三集.mp4', state: 'failed', done: 0, total: 0 }] };
  run('ffmpeg', '-nostdin', '-v', 'error', '-y', '-ss', '6', '-i', film, '-frames:v', '1', path.join(folder, 'poster.jpg'));
  const server = createServer((request, response) => answer(request, response, dir, list));
  await new Promise((done) => server.listen(options.port, '127.0.0.1', done));
  options.base = `http://127.0.0.1:${options.port}`;
  options.publication = id;
  options.frames = frames;
  return () => new Promise((done) => server.close(done));
}

function answer(request, response, dir, list) {
  const { pathname } = new URL(request.url, 'http://localhost');

  if (pathname === '/api/v1/watch') {
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(list));
  }
  const clean = path.posix.normalize(decodeURIComponent(pathname));
  const pages = { '/': '/index.html', '/watch': '/watch.html' };
  const file = [path.join(dir, clean), path.join(options.web, pages[clean] ?? clean)].find((one) => existsSync(one) && statSync(one).isFile());

  if (!file || clean.includes('..')) {
    response.writeHead(404);
    return response.end();
  }
  const { size } = statSync(file);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range && range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  response.writeHead(range ? 206 : 200, {
    'content-type': types[path.extname(file)] ?? 'application/octet-stream',
    'content-length': end - start + 1,
    ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
  });
  return createReadStream(file, { start, end }).pipe(response);
}
