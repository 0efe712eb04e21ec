// The mails to payers: what mail clients can show (caniemail), and what axe and html-validate find in the HTML form, light
// and dark, from a telephone to a wide window.
import { EYES, tool, toolModule } from './judge.mjs';

const AREA = { ro: 'mails, Romanian', en: 'mails, English' };
const LEAST_MAILS = 50;

// Those that people in Romania read mail with, and those that show the least.
// Thunderbird is left out: the tool stops at what its data does not say of it.
const CLIENTS = ['gmail.*', 'outlook.*', 'apple-mail.*', 'yahoo.*', 'samsung-email.*', 'protonmail.*', 'aol.*', 'mail-ru.*'];

// What some clients do not support, and why nothing is lost. Partial support is not counted.
const WITHOUT_LOSS = {
  // Without its style element, as the strictest clients show it, a mail must get by with these:
  bare: {
    '<body> element': 'webmail puts the mail into an element of its own; the outer table has the same colours',
    'role attribute': 'it only tells screen readers that the layout is no data; the order is the same without it',
    'height property': 'there is none: the tool takes line-height for one',
  },
  // The style element only adds: dark colours, sizes of headings, lines between facts.
  whole: {
    '<style> element': 'see above: what must be seen is said by attributes and inline',
    'Type selector': 'as the style element',
    'Class selector': 'as the style element',
    '@media': 'without dark colours the light ones stay',
    'word-break': 'a long word without a space may make the mail wider',
  },
};
const BARE = new Set(Object.keys(WITHOUT_LOSS.bare));
const WHOLE = new Set([...BARE, ...Object.keys(WITHOUT_LOSS.whole)]);

// Mail clients need what pages must not have.
const RULES = {
  // Outlook on Windows lays out by attributes, and clients that drop the style element leave inline styles.
  'no-deprecated-attr': 'off',
  'no-inline-style': 'off',
  // It is the subject, which names amount and payee; no search engine lists a mail.
  'long-title': 'off',
  // The word that mail clients know.
  'presentation-role-style': ['error', { prefer: 'presentation' }],
  // The main element is dropped by several clients; its role is not.
  'prefer-native-element': ['error', { exclude: ['main'] }],
};

async function mails(walk, lang) {
  const { demo, judge } = walk;
  const area = AREA[lang];
  const { caniemail } = await toolModule('caniemail');
  const { HtmlValidate } = tool('html-validate');
  const validator = new HtmlValidate({ extends: ['html-validate:recommended'], rules: RULES });
  const context = await walk.context(area, lang);
  const page = await context.newPage();
  await page.goto(new URL(`/demo/states?lang=${lang}`, demo.file.hosted_page).href);
  const found = await page.$$eval('a.mail', (all) => all.map((a) => a.href));
  if (found.length < LEAST_MAILS) judge.found(area, 'index', 'as sent', 'missing', `${found.length} mails`);
  for (const url of found) {
    const name = new URL(url).pathname.split('/').pop();
    const html = await (await fetch(url)).text();
    judge.count(area, 'pages');
    const report = await validator.validateString(html);
    for (const message of report.results.flatMap((r) => r.messages)) {
      judge.found(area, name, 'as sent', `html/${message.ruleId}`, `${message.message} (line ${message.line})`);
    }
    judge.count(area, 'validated');
    for (const [form, text, known] of [['whole', html, WHOLE], ['bare', html.replace(/<style>.*?<\/style>/s, ''), BARE]]) {
      const { issues } = caniemail({ clients: CLIENTS, html: text });
      for (const [client, those] of issues.errors ?? []) {
        for (const issue of those) if (!known.has(issue.title)) judge.found(area, name, client, `caniemail, ${form}`, issue.title);
      }
      judge.count(area, 'caniemail');
    }
    // As a document that axe may look into: sent, its policy is a sandbox.
    await page.goto('about:blank');
    await page.setContent(html);
    const eyes = [390, 320, 600, 800].flatMap((width) => [EYES.light(width), EYES.dark(width)]);
    await judge.through(eyes, page, area, name);
  }
  await context.close();
}

export const stories = ['ro', 'en'].map((lang) => [`mails, ${lang}`, (walk) => mails(walk, lang)]);
