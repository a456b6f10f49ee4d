/* The watch page, told what to do by what a viewer touches: its buttons and menus, in English. */
import { options } from './arguments.js';
import { page } from './browser.js';
import { film } from './film.js';
import { until } from './player.js';

const names = { en: /English|英/, zh: /Chinese|中文|汉语|普通话|国语/, 'zh-Hans': /Chinese|中文|简/ };

export async function openWatch(manifest, settings) {
  const opened = await page({ ...settings, listens: true });
  const { tab } = opened;
  /* As a hand does: it goes to the button, the controls come back and stay under it, it presses. */
  const open = async (menu) => {
    const { x, y, width, height } = await tab.getByRole('button', { name: menu, exact: true }).boundingBox();

    await tab.mouse.move(x + width / 2, y + height / 2, { steps: 3 });
    await until('the controls being there', () => tab.evaluate(`!document.querySelector('.idle')`));
    await tab.mouse.down();
    await tab.mouse.up();
    await tab.getByRole('menu').waitFor();
  };
  const choose = async (menu, item) => {
    await open(menu);
    await tab.getByRole('menuitemradio', { name: item }).first().click();
  };

  await tab.goto(`${options.base}/watch?p=${film().publication}&manifest=${manifest}&lang=en`);
  return {
    ...opened,
    audio: (language) => choose('Audio', names[language]),
    text: (language) => choose('Subtitles', language ? names[language] : 'Off'),
    quality: (height) => choose('Quality', new RegExp(`^\\s*${height}p`)),
    heights: async () => {
      await open('Quality');
      const items = await tab.getByRole('menuitemradio').allTextContents();
      await tab.keyboard.press('Escape');
      return items.map((text) => text.trim()).filter((text) => /^\d+p$/.test(text)).map((text) => Number.parseInt(text, 10));
    },
    /* The element's own rate is Shaka's: what is written there is lost at the end of the next seek. */
    speed: (speed) => tab.evaluate(`document.querySelector('sampan-player').engine.chooseSpeed(${speed})`),
    shownText: () => tab.evaluate(`document.querySelector('.shaka-text-container')?.innerText ?? ''`),
    close: () => opened.context.close(),
  };
}
