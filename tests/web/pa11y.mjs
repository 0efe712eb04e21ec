// pa11y (HTML CodeSniffer and axe) on a page, in a browser of its own with the payer's cookies.
import { standStill, tool, toolModule } from './judge.mjs';

export class Pa11y {
  static async start(judge, chromium) {
    const self = new Pa11y();
    const loaded = await toolModule('pa11y');
    self.run = loaded.default ?? loaded;
    const puppeteer = tool('puppeteer');
    self.browser = await (puppeteer.default ?? puppeteer).launch({ executablePath: chromium, args: ['--no-sandbox'] });
    self.judged = judge;
    return self;
  }

  async judge(area, name, url, cookies) {
    const context = await this.browser.createBrowserContext();
    try {
      const own = cookies.map(({ name, value, domain, path, secure, httpOnly, sameSite }) => ({ name, value, domain, path, secure, httpOnly, sameSite }));
      if (own.length) await context.setCookie(...own);
      const page = await context.newPage();
      await page.evaluateOnNewDocument(standStill);
      const { issues } = await this.run(url, { browser: this.browser, page, standard: 'WCAG2AA', runners: ['axe', 'htmlcs'], timeout: 60_000 });
      for (const issue of issues) this.judged.found(area, name, 'pa11y', `pa11y/${issue.code}`, `${issue.message} ${issue.context}`);
      this.judged.count(area, 'pa11y');
      this.judged.tell(area, '  pa11y');
    } finally {
      await context.close();
    }
  }

  stop() {
    return this.browser.close();
  }
}
