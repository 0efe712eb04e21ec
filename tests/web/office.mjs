// The back office: every page that is looked at, with the payments and partners that are there.

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
  '/account', '/account/password', '/account/device', '/exports', '/audit', '/reports', '/mail', '/mail/preview', '/confirm', '/nothing-here',
];
const SECTIONS = ['identification', 'group', 'owners', 'representative'];

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
    const edits = [...new Set(await links(page, '/onboarding/edit/'))];
    found.push(...(edits.length ? edits : SECTIONS.map((s) => `${partner}/onboarding/edit/${s}`)));
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

async function walk_all(walk) {
  const { demo, judge } = walk;
  const office = demo.file.back_office.replace(/\/$/, '');
  const context = await walk.context(AREA.ro, 'ro');
  const page = await context.newPage();
  await signIn(walk, 'ro', page);
  await makeSomething(page, office);
  const all = [...FIXED.map((path) => office + path), ...(await addresses(page, office))];
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

/** Forms sent empty or used once, so that their answers are seen and lists are not empty. */
async function makeSomething(page, office) {
  for (const path of ['/exports', '/personal-data', '/partners/new']) {
    await page.goto(office + path);
    const button = page.locator('main form button[type=submit]').first();
    if (await button.count()) await button.click().catch(() => null);
    await page.waitForLoadState();
  }
}

export const stories = [['back office', walk_all]];
