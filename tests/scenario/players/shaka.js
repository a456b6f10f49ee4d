/* The watch page, told what to do by what a viewer touches: its buttons and menus, in English. */
import { options } from './arguments.js';
import { page } from './browser.js';
import { video } from './player.js';

const names = { en: /English|英/, zh: /Chinese|中文|汉语|普通话|国语/, 'zh-Hans': /Chinese|中文|简/ };

export async function openWatch(manifest, settings) {
  const opened = await page({ ...settings, listens: true });
  const { tab } = opened;
  const button = async (name) => {
    await tab.mouse.move(100 + Math.random() * 50, 200); // as a hand does: the controls come back
    await tab.mouse.move(300, 250);
    return tab.getByRole('button', { name, exact: true });
  };
  const choose = async (menu, item) => {
    await (await button(menu)).click();
    await tab.getByRole('menuitemradio', { name: item }).first().click();
  };

  await tab.goto(`${options.base}/watch?p=${options.publication}&manifest=${manifest}&lang=en`);
  return {
    ...opened,
    audio: (language) => choose('Audio', names[language]),
    text: (language) => choose('Subtitles', language ? names[language] : 'Off'),
    quality: (height) => choose('Quality', new RegExp(`^\\s*${height}p`)),
    heights: async () => {
      await (await button('Quality')).click();
      const items = await tab.getByRole('menuitemradio').allTextContents();
      await tab.keyboard.press('Escape');
      return items.map((text) => text.trim()).filter((text) => /^\d+p$/.test(text)).map((text) => Number.parseInt(text, 10));
    },
    shownText: () => tab.evaluate(`document.querySelector('.shaka-text-container')?.innerText ?? ''`),
    close: () => opened.context.close(),
    play: () => video(tab, 'await video.play();'),
  };
}
