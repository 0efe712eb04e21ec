// What a newcomer sees beside the product: the shop, the accounting program, the mailbox and the sandbox banks.
import { ANA, ANA_MOBIL, arrive, decide, pay, signIn, until } from './site.mjs';

async function at(walk, area, look, addresses) {
  const context = await walk.context(area, 'ro');
  const page = await context.newPage();
  for (const [url, name] of addresses) {
    await page.goto(url);
    await walk.judge.look(page, area, name, look);
  }
  return { context, page };
}

/** A purchase from the cart to the mail. */
async function shop(walk) {
  const { demo, judge } = walk;
  const area = 'demo shop and ERP';
  const { context, page } = await at(walk, area, 'around', [
    [demo.site, 'start'],
    [`${demo.site}?lang=en`, 'start, English'],
    [`${demo.site}shop`, 'shop'],
    [`${demo.site}shop/cos`, 'cart, empty'],
    [`${demo.site}erp`, 'invoices'],
    [`${demo.site}erp/dinari`, 'invoices in dinars'],
    [`${demo.site}erp/conturi`, 'accounts'],
    [`${demo.site}shop/comanda/none`, 'no such order'],
    [`${demo.site}mailbox`, 'mailbox'],
  ]);
  const see = (name) => judge.look(page, area, name, 'around');
  await page.goto(`${demo.site}shop`);
  await page.click('form.buy:has(input[value=cana]) button');
  await page.waitForLoadState();
  await see('cart');
  await page.click("a.button[href='/shop/finalizare']");
  await page.waitForLoadState();
  await see('checkout');
  await page.fill('#name', 'Ioana Marin');
  await page.fill('#email', 'ioana.marin@exemplu.ro');
  await page.click('form.fields button');
  await arrive(page, demo.file.hosted_page);
  await pay(page, ANA);
  await page.click('#go');
  await page.waitForSelector('input[name=user]');
  await judge.look(page, 'sandbox banks', 'sign-in', 'around');
  await page.fill('input[name=user]', ANA.user);
  await page.fill('input[name=code]', '9999');
  await page.click('form[action*=conectare] button');
  await page.waitForLoadState();
  await judge.look(page, 'sandbox banks', 'sign-in, wrong code', 'around');
  await signIn(page, ANA);
  await page.waitForSelector('button[value=da]');
  await judge.look(page, 'sandbox banks', 'confirm the payment', 'around');
  await decide(page, 'da', demo.file.hosted_page);
  await until(page, /Plata a fost făcută/);
  await page.click('a.primary');
  await arrive(page, demo.site);
  await see('order');
  await page.goto(`${demo.site}shop/comenzi`);
  await see('orders');
  await page.goto(`${demo.site}erp`);
  await page.locator('form[action*="/plata"] button').first().click();
  await arrive(page, demo.file.hosted_page);
  await page.goto(`${demo.site}erp`);
  await see('invoices, one begun');
  await page.goto(`${demo.site}mailbox`);
  await see('mailbox, with mail');
  const mail = page.locator('#mails a').first();
  if (await mail.count()) {
    await mail.click();
    await page.waitForLoadState();
    await see('mail');
    await page.goto(`${page.url()}/html`);
    // Its policy is a sandbox without script: the validator reads it, axe cannot.
    await judge.look(page, area, 'mail, as HTML', 'as sent');
  }
  await context.close();
}

/** The banks' own pages. */
async function banks(walk) {
  const { demo, judge } = walk;
  const area = 'sandbox banks';
  const b = demo.banks;
  const { context, page } = await at(walk, area, 'around', [
    [b, 'all banks'],
    [`${b}scenarii`, 'scenarios'],
    [`${b}phone`, 'telephones'],
    [`${b}phone/ana`, 'telephone'],
    [`${b}epp`, 'ePP'],
    [`${b}epp/coduri/opstina.vrelo`, 'ePP: codes'],
    [`${b}portal`, 'portal'],
    [`${b}nothing-here`, 'no such page'],
    [`${b}stet/13807`, 'STET bank'],
    [`${b}stet/13807/ledger`, 'STET bank: ledger'],
  ]);
  await page.goto(b);
  const own = await page.$$eval('main a[href^="/"]', (all) => [...new Set(all.map((a) => a.getAttribute('href')))]);
  for (const path of own.filter((h) => /^\/[a-z-]+$/.test(h) && !/scenarii|phone|epp|portal/.test(h)).slice(0, 3)) {
    for (const more of ['', '/ledger', '/acorduri']) {
      await page.goto(new URL(path + more, b).href);
      await judge.look(page, area, `a bank ${path}${more}`, 'around');
    }
  }
  const payer = await walk.context(area, 'ro');
  const hosted = await payer.newPage();
  await hosted.goto(await demo.purchase());
  await pay(hosted, ANA_MOBIL);
  await page.goto(`${b}phone/ana`);
  await judge.look(page, area, 'telephone, to approve', 'around');
  await page.locator('button[value=da]').first().click();
  await page.waitForLoadState();
  await judge.look(page, area, 'telephone, approved', 'around');
  await payer.close();
  await context.close();
}

export const stories = [
  ['shop', shop],
  ['banks', banks],
];
