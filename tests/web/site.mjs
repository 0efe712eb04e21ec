// The demonstration, as a partner, a payer and a customer of a bank use it.
import fs from 'node:fs';
import https from 'node:https';

/** What `smartpay demo` wrote down about itself. */
export class Demo {
  constructor(file) {
    this.file = JSON.parse(fs.readFileSync(file, 'utf8'));
    this.banks = this.file.sandbox_banks;
    this.site = this.file.demo_site;
  }

  /** One call of the partner API, over mutual TLS. */
  call(client_id, method, path, body, token) {
    const partner = this.file.partners.find((p) => p.client_id === client_id);
    const options = {
      method,
      key: fs.readFileSync(partner.key),
      cert: fs.readFileSync(partner.certificate),
      ca: fs.readFileSync(this.file.ca),
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}) },
    };
    return new Promise((resolve, reject) => {
      const request = https.request(this.file.gateway + path, options, (answer) => {
        let text = '';
        answer.on('data', (chunk) => { text += chunk; });
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      });
      request.on('error', reject);
      request.end(body && JSON.stringify(body));
    });
  }

  /** A new payment; the address of its hosted page. */
  async payment(client_id, order) {
    const { result } = await this.call(client_id, 'POST', `/gateway/authenticate/rest/api/token?client_id=${client_id}`);
    const section = client_id.includes('shop') ? 'shop/' : 'erp/';
    const body = { psuEmail: 'ioana.marin@exemplu.ro', redirectURL: this.site + section, ...order };
    const answer = await this.call(client_id, 'POST', `/gateway/core/rest/api/initPayment/${result.paymentId}`, body, result.access_token);
    return answer.redirectUri;
  }

  /** A purchase at the shop, with the amount that tells a story. */
  purchase(amount = '48.00', more = {}) {
    const shop = this.file.partners.find((p) => p.client_id === 'demo-shop');
    return this.payment('demo-shop', { creditorName: shop.company, creditorIban: shop.creditor_iban, amount, details: 'Comanda F-1041, cană albastră', ...more });
  }

  /** An invoice from the accounting program: everything may be changed. */
  invoice(more = {}) {
    const order = { creditorName: 'Hârtie și Tipar SRL', creditorIban: 'RO66BACX0000001234567890', amount: '612.40', details: 'Factura HT 0097' };
    return this.payment('demo-erp', { ...order, ...more });
  }

  /** Many payments, authorised together. */
  list(count) {
    const payments = Array.from({ length: count }, (_, i) => ({
      creditorName: `Furnizor ${i + 1} SRL`,
      creditorIban: 'RO66BACX0000001234567890',
      amount: `${10 + i}.50`,
      details: `Factura ${1000 + i}`,
      endToEndId: `F${1000 + i}`,
    }));
    return this.payment('demo-erp', { payments });
  }
}

/** Accounts of the sandbox banks' customers. */
export const ANA = { bank: 'cec', iban: 'RO30CECEB00030RON0001001', user: 'ana', code: '1111' };
export const ANA_MOBIL = { bank: 'demo-mobil', iban: 'RO50MOBIM00001RON0001001', userCode: '0700000101' };
export const ANA_COD = { bank: 'demo-cod', iban: 'RO83CODBC00001RON0001001', userCode: '100101' };
export const MIHAI_COD = { bank: 'demo-cod', iban: 'RO49CODBC00001RON0002001', userCode: '100102' };

/** Fills the payer's part of the hosted page. */
export async function fillIn(page, who) {
  // The script folds the list of banks: the radio itself is still there.
  await page.locator(`input[name=bank][value=${who.bank}]`).evaluate((radio) => radio.click());
  if (who.userCode) await page.fill('#user_code', who.userCode);
  await page.fill('#debtor_iban', who.iban);
  const terms = page.locator('#terms');
  if (await terms.count()) await terms.check({ force: true });
}

/** Fills it and presses „Plătește”. */
export async function pay(page, who) {
  await fillIn(page, who);
  await page.click('#pay');
  await page.waitForLoadState();
}

/** Signs in at the bank's own page. */
export async function signIn(page, who) {
  await page.fill('input[name=user]', who.user);
  await page.fill('input[name=code]', who.code);
  await page.click('form[action*=conectare] button');
}

/** Waits until the page is below an address. */
export const arrive = (page, start) => page.waitForURL((url) => url.href.startsWith(start));

/** Says yes or no on the bank's page, and follows its way back. */
export async function decide(page, answer, back) {
  await page.click(`button[value=${answer}]`);
  const on = page.locator('a.button');
  await Promise.race([arrive(page, back), on.waitFor().catch(() => null)]);
  if (!page.url().startsWith(back)) {
    await on.click();
    await arrive(page, back);
  }
}

/** Loads the page again until its heading says so, or gives up. */
export async function until(page, heading, seconds = 60) {
  for (let left = seconds; left > 0; left -= 1) {
    if (heading.test(await page.innerText('h1'))) return;
    await page.waitForTimeout(1000);
    if (left % 3 === 0) await page.reload();
  }
  throw new Error(`${page.url().slice(0, 60)}: „${await page.innerText('h1')}” is not ${heading}`);
}
