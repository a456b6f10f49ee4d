/* The watch page, told what to do by what a viewer touches: its buttons and menus, in English. */
import { options } from './arguments.js';
import { page } from './browser.js';
import { video } from './player.js';

const names = { en: /English|英/, zh: /Chinese|中文|汉语|普通话|国语/, 'zh-Hans': /Chinese|中文|简/ };

export async function openWatch(manifest, settings) {
  const opened = await page({ ...settings, listens: true });
  const { tab } = opened;
  const choose = async (menu, item) => {
    await tab.getByRole('button', { name: menu, exact: true }).click();
    await tab.getByRole('menuitemradio', { name: item }).first().click();
  };

  await tab.goto(`${options.base}/watch?p=${options.publication}&manifest=${manifest}&lang=en`);
  return {
    ...opened,
    audio: (language) => choose('Audio', names[language]),
    text: (language) => choose('Subtitles', language ? names[language] : 'Off'),
    quality: (height) => choose('Quality', new RegExp(`^\\s*${height}p`)),
    heights: async () => {
      await tab.getByRole('button', { name: 'Quality', exact: true }).click();
      const items = await tab.getByRole('menuitemradio').allTextContents();
      await tab.keyboard.press('Escape');
      return items.map((text) => text.trim()).filter((text) => /^\d+p$/.test(text)).map((text) => Number.parseInt(text, 10));
    },
    shownText: () => tab.evaluate(`document.querySelector('.shaka-text-container')?.innerText ?? ''`),
    close: () => opened.context.close(),
    play: () => video(tab, 'await video.play();'),
  };
}
