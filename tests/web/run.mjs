// Walks through everything and judges each page: node run.mjs DEMO_JSON CHROMIUM [part of a story's name]
import { Judge, standStill, tool } from './judge.mjs';
import { lighthouse } from './lighthouse.mjs';
import { Pa11y } from './pa11y.mjs';
import { Demo } from './site.mjs';
import * as around from './around.mjs';
import * as gallery from './gallery.mjs';
import * as mails from './mails.mjs';
import * as office from './office.mjs';
import * as payer from './payer.mjs';

const [file, executablePath, only = ''] = process.argv.slice(2);
const { chromium } = tool('playwright-core');
const judge = new Judge();
const demo = new Demo(file);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const walk = {
  demo,
  judge,
  pa11y: await Pa11y.start(judge, executablePath),
  async context(area, lang, options = {}) {
    const context = await browser.newContext({ locale: lang === 'ro' ? 'ro-RO' : 'en-GB', ...options });
    context.setDefaultTimeout(90_000);
    await context.addInitScript(standStill);
    judge.watch(context, area);
    return context;
  },
  // Our scripts are empty there. Turned off altogether, axe could not run either; no page of the payer has a <noscript>.
  async withoutScript(area, lang, cookies) {
    const context = await walk.context(area, lang);
    await context.route(/\.js$/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await context.addCookies(cookies);
    return context;
  },
};

const seconds = (since) => Math.round((Date.now() - since) / 1000);
const begun = Date.now();
const wanted = (name) => name.includes(only);

/** A story that breaks off is a finding, and the others go on. */
async function tell([name, story]) {
  const since = Date.now();
  try {
    await story(walk);
    console.log(`${name}: ${seconds(since)} s`);
  } catch (error) {
    console.log(`${name} broke off: ${error.stack.slice(0, 1200)}`);
    judge.found('stories', name, 'broke off', 'story', error.message);
  }
}

// Two queues: one is where the payers are, the other has the rest. Two processors are kept busy.
const queue = async (stories) => { for (const story of stories) await tell(story); };
await Promise.all([
  queue([...payer.stories, gallery.stories[0], mails.stories[0]].filter(([name]) => wanted(name))),
  queue([...around.stories, ...office.stories, gallery.stories[1], mails.stories[1]].filter(([name]) => wanted(name))),
]);
await walk.pa11y.stop();
await browser.close();
// Alone: its figures are times.
if (wanted('lighthouse')) await tell(['lighthouse', () => lighthouse(judge, executablePath, demo)]);
const clean = judge.report();
console.log(`\n${judge.findings.size} findings in ${seconds(begun)} s`);
process.exitCode = clean ? 0 : 1;
