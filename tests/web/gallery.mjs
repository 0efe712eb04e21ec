// Every state of the payer's pages, as the demonstration shows them, at every width, in every scheme, with and without
// script. One page is kept for all of them: only its address, its width and its colours change.

const AREA = { ro: 'states, Romanian', en: 'states, English' };
const LEAST_STATES = 140;

async function states(walk, lang) {
  const { demo, judge } = walk;
  const area = AREA[lang];
  const context = await walk.context(area, lang);
  const page = await context.newPage();
  await page.goto(new URL(`/demo/states?lang=${lang}`, demo.file.hosted_page).href);
  await judge.look(page, area, 'index', 'around');
  const found = await page.$$eval('a.state', (all) => all.map((a) => a.href));
  if (found.length < LEAST_STATES) judge.found(area, 'index', 'as sent', 'missing', `${found.length} states`);
  const still = await walk.withoutScript(area, lang, []);
  const quiet = await still.newPage();
  for (const url of found) {
    const name = new URL(url).pathname.split('/').pop();
    // A page that is loaded in forced colours keeps their background on pictures.
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
    await page.goto(url);
    await judge.look(page, area, name, 'state');
    await quiet.goto(url);
    await judge.look(quiet, area, `${name}, without script`, 'stateScriptless');
  }
  await still.close();
  await context.close();
}

export const stories = ['ro', 'en'].map((lang) => [`states, ${lang}`, (walk) => states(walk, lang)]);
