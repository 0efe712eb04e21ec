// The back office: every page of the role table, with the payments and partners that are there.
import fs from 'node:fs';

const TABLE = new URL('../../src/web/back_office/roles.rs', import.meta.url);
// Files to download, styles, and mails as they are sent: no pages.
const NO_PAGE = /\.(csv|xlsx|css|html)$|\/export$|\/documents\//;

const AREA = { ro: 'back office, Romanian', en: 'back office, English' };

/** The demonstration's first page shows the code of now; one that was used is not taken again. */
async function code(context, demo) {
  const page = await context.newPage();
  await page.goto(demo.site);
  const shown = await page.innerText('#office-code');
  await page.close();
  return shown;
}

async function signIn(walk, lang, page) {
  const { demo, judge } = walk;
  await page.goto(demo.file.back_office);
  await judge.look(page, AREA[lang], 'sign-in', 'office');
  await page.fill('input[name=user]', demo.file.admin_user);
  await page.fill('input[name=password]', 'wrong wrong wrong wrong');
  await page.click('main form button');
  await page.waitForLoadState();
  await judge.look(page, AREA[lang], 'sign-in, refused', 'office');
  await page.fill('input[name=user]', demo.file.admin_user);
  await page.fill('input[name=password]', demo.file.admin_password);
  await page.click('main form button');
  await page.waitForSelector('input[name=code]');
  await judge.look(page, AREA[lang], 'code', 'office');
  await page.fill('input[name=code]', await code(page.context(), demo));
  await page.click('main form button');
  await page.waitForSelector('form.session');
}

/** The links of a page that lead to one thing of a kind. */
const links = (page, pattern) => page.$$eval('main a[href]', (all, source) => all.map((a) => a.getAttribute('href')).filter((h) => new RegExp(source).test(h)), pattern);

/** Fixed addresses of the role table, and where things are found whose address is not fixed. */
const FIXED = [
  '', '/payments', '/payments?status=Settled', '/partners', '/partners/new', '/proposals', '/onboarding', '/personal-data', '/users',
  '/account', '/account/password', '/account/device', '/keys', '/exports', '/audit', '/reports', '/mail', '/mail/preview', '/confirm', '/nothing-here',
];

async function addresses(page, office) {
  const found = [];
  await page.goto(`${office}/payments`);
  const payments = [...new Set(await links(page, '/back-office/payments/[^/?]+$'))];
  found.push(...payments.slice(0, 3));
  await page.goto(`${office}/partners`);
  const [partner] = await links(page, '/back-office/partners/(?!new)[^/?]+$');
  if (partner) {
    found.push(partner, `${partner}/preview`, `${partner}/onboarding`, `${partner}/onboarding/history`);
    await page.goto(new URL(`${partner}/onboarding`, office).href);
    found.push(...new Set(await links(page, '/onboarding/edit/')));
  }
  for (const [list, pattern] of [
    ['/users', '/back-office/users/[^/?]+$'],
    ['/proposals', '/back-office/proposals/[^/?]+$'],
    ['/personal-data', '/back-office/personal-data/requests/[^/?]+$'],
  ]) {
    await page.goto(office + list);
    found.push(...(await links(page, pattern)).slice(0, 1));
  }
  return found.map((path) => new URL(path, office).href);
}

async function backOffice(walk) {
  const { demo, judge } = walk;
  const office = demo.file.back_office.replace(/\/$/, '');
  const context = await walk.context(AREA.ro, 'ro');
  const page = await context.newPage();
  await signIn(walk, 'ro', page);
  await demo.purchase();
  await makeSomething(page, office);
  const all = [...FIXED.map((path) => office + path), ...(await addresses(page, office))];
  leftOut(judge, [...all, `${office}/login`, `${office}/login/code`]);
  for (const lang of ['ro', 'en']) {
    if (lang === 'en') {
      await page.goto(office);
      await page.click('form[action$="/language"] button');
      await page.waitForLoadState();
    }
    for (const url of all) {
      await page.goto(url);
      await judge.look(page, AREA[lang], url.slice(office.length).replace(/[0-9a-f-]{32,36}|\d{6,}/g, '{id}') || '/', 'office');
    }
  }
  await context.close();
}

/** So that lists are not empty, beside the payment: a proposal, a request of a payer, an export. */
async function makeSomething(page, office) {
  await page.goto(`${office}/partners`);
  const partners = await links(page, '/back-office/partners/(?!new)[^/?]+$');
  await page.goto(new URL(partners.at(-1), office).href);
  await page.click('form[action$="/activation"] button');
  await page.waitForLoadState();
  await page.goto(`${office}/personal-data`);
  await page.fill('#email', 'nimeni@exemplu.ro');
  await page.check('#kind-export');
  await page.check('#understood');
  await page.click('main form button[type=submit]');
  await page.waitForLoadState();
  await page.goto(`${office}/payments`);
  await page.click('form[action$="/exports"] button');
  await page.waitForLoadState();
}

/** A page of the role table that no address led to. */
function leftOut(judge, seen) {
  for (const [, path] of fs.readFileSync(TABLE, 'utf8').matchAll(/: Get "([^"]+)"/g)) {
    const shape = new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    if (!NO_PAGE.test(path) && !seen.some((url) => shape.test(new URL(url).pathname))) judge.found(AREA.ro, path, 'nowhere', 'not-seen', 'no address led there');
  }
}

export const stories = [['back office', backOffice]];
