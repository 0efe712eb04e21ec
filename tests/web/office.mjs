// The back office: every page of the role table, with the payments and partners that are there.
import fs from 'node:fs';

const TABLE = new URL('../../src/web/back_office/roles.rs', import.meta.url);
// Files to download, styles, mails as they are sent, and where the company's provider leads back to: no pages.
const NO_PAGE = /\.(csv|xlsx|css|html)$|\/export$|\/documents\/|\/login\/company\//;

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
  '/account', '/account/password', '/account/device', '/keys', '/exports', '/audit', '/reports', '/reports/declared', '/mail',
  '/applications', '/consents', '/reconciliation', '/banks', '/banks/cec', '/mail/preview', '/confirm', '/nothing-here',
];

async function addresses(page, office) {
  const found = [];
  await page.goto(`${office}/payments`);
  const payments = [...new Set(await links(page, '/back-office/payments/[^/?]+$'))];
  found.push(...payments.slice(0, 3));
  await page.goto(`${office}/partners`);
  const [partner] = await links(page, '/back-office/partners/(?!new)[^/?]+$');
  if (partner) {
    found.push(partner, `${partner}/preview`, `${partner}/onboarding`, `${partner}/onboarding/history`, `${partner}/webhooks`);
    await page.goto(new URL(`${partner}/onboarding`, office).href);
    found.push(...new Set(await links(page, '/onboarding/edit/')));
  }
  for (const [list, pattern] of [
    ['/users', '/back-office/users/[^/?]+$'],
    ['/applications', '/back-office/applications/[^/?]+$'],
    ['/consents', '/back-office/consents/[^/?]+$'],
    ['/reconciliation', '/back-office/reconciliation/[^/?]+$'],
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
  const made = await makeSomething(walk, page, office);
  const all = [...FIXED.map((path) => office + path), ...made, ...(await addresses(page, office))];
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

/**
 * So that lists are not empty, beside the payment: a proposal, a request of a payer, an export, a consent, an
 * application, a statement, an endpoint of webhooks. Answers the pages that no list leads to.
 */
async function makeSomething({ demo }, page, office) {
  await page.goto(`${office}/partners`);
  const partners = await links(page, '/back-office/partners/(?!new)[^/?]+$');
  await page.goto(new URL(partners.at(-1), office).href);
  await page.click('form[action$="/activation"] button');
  await page.waitForLoadState();
  await page.goto(new URL(`${partners[0]}/webhooks`, office).href);
  await page.fill('section:has(#new-endpoint) input[name=url]', 'https://evenimente.exemplu.ro/plati');
  await page.click('section:has(#new-endpoint) button');
  await page.waitForLoadState();
  await page.goto(new URL(partners.at(-1), office).href);
  const proposals = await links(page, '/back-office/proposals/[^/?]+$');
  await page.goto(`${office}/personal-data`);
  await page.fill('#email', 'nimeni@exemplu.ro');
  await page.check('#kind-export');
  await page.check('#understood');
  await page.click('main form button[type=submit]');
  await page.waitForLoadState();
  await page.goto(`${office}/payments`);
  await page.click('form[action$="/exports"] button');
  await page.waitForLoadState();
  await page.goto(`${demo.site}erp/conturi`);
  await page.locator('main form button').first().click();
  await page.waitForURL((url) => url.pathname === '/account-consent');
  await apply(demo, page, office);
  return [new URL(proposals[0], office).href, ...(await statements(page, office))];
}

/** The accounting program becomes a platform, and brings a merchant. */
async function apply(demo, page, office) {
  await page.goto(`${office}/partners`);
  await page.locator('main a', { hasText: /^Registru$/ }).click();
  await page.check('#may_onboard');
  await page.click('form:has(#may_onboard) button');
  await page.waitForLoadState();
  await demo.call('demo-erp', 'POST', '/gateway/core/rest/api/clientActivation', {
    externalClientId: 'atelier-7',
    requestedKind: 'ecommerce',
    legalForm: 'srl',
    name: 'Atelierul de Ceramică SRL',
    country: 'RO',
    registrationNumber: 'RO14399840',
    address: 'Str. Olarilor 7, Horezu',
    activityCode: '4791',
    iban: 'RO66BACX0000001234567890',
    currency: 'RON',
    representative: { name: 'Ioana Olaru', email: 'ioana@atelier.example', phone: '+40 721 000 007' },
    redirectURLs: [`${demo.site}shop/`],
    declaredFigures: { maximumAmount: 5000, averageAmount: '150.50', paymentsPerDay: 20 },
  });
}

/** Two statements: one whose columns are still asked for, one that was compared. */
async function statements(page, office) {
  const rows = 'Data;Detalii;Debit;Credit\n20.11.2026;Comision;2,00;\n20.11.2026;Comanda F-1041;;48,00\n';
  for (const name of ['octombrie.csv', 'noiembrie.csv']) {
    await page.goto(`${office}/reconciliation`);
    await page.setInputFiles('#file', { name, mimeType: 'text/csv', buffer: Buffer.from(rows) });
    await page.click('form:has(#file) button');
    await page.waitForSelector('#day_form');
  }
  const asked = page.url();
  await page.goto(`${office}/reconciliation`);
  const [compared] = (await links(page, '/back-office/reconciliation/[^/?]+$')).map((path) => new URL(path, office).href).filter((url) => url !== asked);
  await page.goto(compared);
  await page.click('main form button.fit');
  await page.waitForLoadState();
  return [asked, compared];
}

/** A page of the role table that no address led to. */
function leftOut(judge, seen) {
  for (const [, path] of fs.readFileSync(TABLE, 'utf8').matchAll(/: Get "([^"]+)"/g)) {
    const shape = new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    if (!NO_PAGE.test(path) && !seen.some((url) => shape.test(new URL(url).pathname))) judge.found(AREA.ro, path, 'nowhere', 'not-seen', 'no address led there');
  }
}

export const stories = [['back office', backOffice]];
