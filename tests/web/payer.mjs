// The payer's pages in the states that a payment comes to, in both languages.
import { ANA, ANA_COD, ANA_MOBIL, MIHAI_COD, decide, fillIn, pay, signIn, until } from './site.mjs';

const AREA = { ro: 'payer, Romanian', en: 'payer, English' };

/** One payer: a browser with script, one without, and pa11y's, all holding the same cookies. */
class Payer {
  constructor(walk, lang, context, page) {
    Object.assign(this, { walk, lang, context, page });
    this.area = AREA[lang];
  }

  static async arrive(walk, lang, url) {
    const context = await walk.context(AREA[lang], lang);
    const payer = new Payer(walk, lang, context, await context.newPage());
    await payer.open(url);
    return payer;
  }

  open(url) {
    const address = new URL(url);
    address.searchParams.set('lang', this.lang);
    return this.page.goto(address.href);
  }

  /** Judges the page that is open; `again` false where its address would show another one. */
  async see(name, { again = true } = {}) {
    await this.walk.judge.look(this.page, this.area, name, 'payer');
    if (!again) return;
    const url = this.page.url();
    const cookies = await this.context.cookies();
    const still = await this.walk.withoutScript(this.area, this.lang, cookies);
    const page = await still.newPage();
    await page.goto(url);
    await this.walk.judge.look(page, this.area, `${name}, without script`, 'scriptless');
    await still.close();
    await this.walk.pa11y.judge(this.area, name, url, cookies);
  }

  leave() {
    return this.context.close();
  }
}

/** „Plătește” with nothing filled in: said by the script, and by the server. */
async function form(walk, lang) {
  const url = await walk.demo.purchase();
  const payer = await Payer.arrive(walk, lang, url);
  await payer.see('shop payment');
  // It says itself that it is not ready; pressed all the same.
  await payer.page.click('#pay', { force: true });
  await payer.page.waitForSelector('#summary:not([hidden])');
  await payer.see('shop payment, left empty', { again: false });
  await payer.open(url);
  await fillIn(payer.page, ANA);
  await payer.see('shop payment, filled in', { again: false });

  const still = await walk.withoutScript(payer.area, lang, await payer.context.cookies());
  const page = await still.newPage();
  await page.goto(payer.page.url());
  await page.fill('#debtor_iban', 'RO00 1234');
  await page.click('#pay');
  await page.waitForSelector('#summary:not([hidden])');
  await walk.judge.look(page, payer.area, 'shop payment, refused by the server', 'payer');
  await still.close();

  // Somebody else gets hold of the link; then the payer goes on with a telephone.
  const stranger = await Payer.arrive(walk, lang, url);
  await stranger.see('link opened elsewhere');
  await payer.page.click('form.to-phone button');
  await payer.page.waitForLoadState();
  await payer.see('hand-over', { again: false });
  const telephone = await payer.page.locator('a[href*="hand-over"], .code').evaluateAll((all) => all.map((e) => e.href || e.textContent).find((t) => t.includes('hand-over')));
  if (telephone) {
    const phone = await Payer.arrive(walk, lang, telephone);
    await phone.see('hand-over, on the telephone', { again: false });
    await phone.leave();
  }
  await stranger.leave();
  await payer.open(url);
  await payer.page.click('.give-up button');
  await payer.page.waitForLoadState();
  await payer.see('given up');
  await payer.leave();
}

/** To the bank, and back with each answer. */
async function redirect(walk, lang) {
  const { demo } = walk;
  const back = demo.file.hosted_page;
  const payer = await Payer.arrive(walk, lang, await demo.purchase());
  await pay(payer.page, ANA);
  await payer.page.waitForSelector('#go');
  await payer.see('on the way to the bank');
  await payer.page.click('#go');
  await signIn(payer.page, ANA);
  await decide(payer.page, 'nu', back);
  await payer.see('not approved, may be tried again');
  await payer.page.click('a.primary');
  await payer.page.waitForSelector('#pay-form');
  await pay(payer.page, ANA);
  await payer.page.click('#go');
  await signIn(payer.page, ANA);
  await decide(payer.page, 'da', back);
  await until(payer.page, /Plata a fost făcută|has been made|was made|paid/i);
  await payer.see('paid');
  await payer.leave();

  // 901.01: the bank refuses; 901.03: each of its steps takes 20 seconds; 901.07: nobody knows.
  const refused = await Payer.arrive(walk, lang, await demo.purchase('901.01'));
  await pay(refused.page, ANA);
  await refused.page.click('#go');
  await signIn(refused.page, ANA);
  await decide(refused.page, 'da', back);
  await until(refused.page, /nu a fost făcută|not made/i);
  await refused.see('refused by the bank');
  await refused.leave();

  const slow = await Payer.arrive(walk, lang, await demo.purchase('901.03'));
  await pay(slow.page, ANA);
  await slow.page.click('#go');
  await signIn(slow.page, ANA);
  await decide(slow.page, 'da', back);
  await slow.see('on its way');
  await slow.leave();

  const doubt = await Payer.arrive(walk, lang, await demo.purchase('901.07'));
  await pay(doubt.page, ANA_MOBIL);
  await doubt.see('nobody knows yet');
  await doubt.leave();
}

/** Banks without pages of their own: approval on the telephone, a code, a choice of ways. */
async function steps(walk, lang) {
  const { demo } = walk;
  const payer = await Payer.arrive(walk, lang, await demo.purchase());
  await pay(payer.page, ANA_MOBIL);
  await payer.page.waitForSelector('#left');
  await payer.see('approve in the app');
  await payer.page.click('.give-up button[value=another]');
  await payer.page.waitForLoadState();
  await payer.see('another bank');
  await pay(payer.page, ANA_COD);
  await payer.page.waitForSelector('#code');
  await payer.see('code');
  await payer.page.fill('#code', '000000');
  await payer.page.click('button.primary');
  await payer.page.waitForLoadState();
  await payer.see('code, wrong', { again: false });
  await payer.leave();

  const ways = await Payer.arrive(walk, lang, await demo.purchase());
  await pay(ways.page, MIHAI_COD);
  await ways.page.waitForSelector('input[name=method]');
  await ways.see('choice of the way');
  await ways.leave();

  const account = await Payer.arrive(walk, lang, await demo.purchase());
  await account.page.locator('input[name=bank][value=cec]').evaluate((radio) => radio.click());
  await account.page.click('button[formaction*="account"], button[formaction*="choose"]');
  await account.page.waitForSelector('#go');
  await account.see('account: on the way to the bank');
  await account.page.click('#go');
  await signIn(account.page, { user: 'mihai', code: '2222' });
  await decide(account.page, 'da', new URL(demo.file.hosted_page).origin);
  await account.page.waitForSelector('.accounts button');
  await account.see('account: to choose');
  await account.page.locator('.accounts button').first().click();
  await account.page.waitForLoadState();
  await account.see('account: chosen');
  await account.leave();
}

/** What the accounting program asks for. */
async function finance(walk, lang) {
  const { demo } = walk;
  const payer = await Payer.arrive(walk, lang, await demo.invoice());
  await payer.see('invoice');
  await payer.leave();

  const list = await Payer.arrive(walk, lang, await demo.list(45));
  await list.see('list of payments');
  await list.page.click('#line-2 button');
  await list.page.waitForLoadState();
  await list.see('list of payments, one changed');
  await list.leave();

  const today = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const rent = await Payer.arrive(walk, lang, await demo.invoice({ startDate: today, Frequency: 'Monthly', details: 'Chirie birou' }));
  await rent.see('standing order');
  await rent.leave();

  const other = [
    ['demo-shop-eur', '48.00', 'payment in euro'],
    ['demo-erp-rsd', '1500.00', 'payment in dinars'],
  ];
  for (const [client_id, amount, name] of other) {
    const partner = demo.file.partners.find((p) => p.client_id === client_id);
    const order = { creditorName: partner.company, creditorIban: partner.creditor_iban, amount, details: 'Comanda 7' };
    const abroad = await Payer.arrive(walk, lang, await demo.payment(client_id, order));
    await abroad.see(name);
    await abroad.leave();
  }
}

/** Pages without a payment. */
async function around(walk, lang) {
  const origin = new URL(walk.demo.file.hosted_page).origin;
  const pages = [
    ['/terms', 'terms'],
    ['/payment-initiation?payment=1&state=x', 'no such payment'],
    ['/payment-initiation', 'link cut short'],
    ['/nothing-here', 'no such page'],
    ['/payment-return/cec', 'back from the bank, elsewhere'],
  ];
  for (const [path, name] of pages) {
    const payer = await Payer.arrive(walk, lang, origin + path);
    await payer.see(name);
    await payer.leave();
  }
}

/** Consent to see accounts, asked for by the accounting program. */
async function consent(walk, lang) {
  const { demo } = walk;
  const context = await walk.context(AREA[lang], lang);
  const page = await context.newPage();
  await page.goto(`${demo.site}erp/conturi`);
  await page.locator('main form button').first().click();
  await page.waitForURL((url) => url.pathname === '/account-consent');
  const payer = new Payer(walk, lang, context, page);
  await payer.open(page.url());
  await payer.see('consent');
  await page.locator('input[value=cec]').evaluate((radio) => radio.click());
  await page.locator('main button.primary').first().click();
  await page.waitForSelector('#go');
  await payer.see('consent: on the way to the bank');
  await page.click('#go');
  await signIn(page, { user: 'mihai', code: '2222' });
  await page.click('button[value=nu]');
  const on = page.locator('a.button');
  await Promise.race([page.waitForURL('**/account-consent**'), on.waitFor().catch(() => null)]);
  if (await on.count()) await on.first().click();
  await page.waitForLoadState();
  if (new URL(page.url()).pathname === '/account-consent') await payer.see('consent: refused');
  await payer.leave();
}

/** Every story, in both languages. */
export const stories = ['ro', 'en'].flatMap((lang) => [
  ...[form, redirect, steps, finance, around, consent].map((story) => [`payer, ${lang}: ${story.name}`, (walk) => story(walk, lang)]),
]);
