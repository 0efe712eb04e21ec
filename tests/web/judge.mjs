// Looks at a page as browsers, screen readers and validators do, and keeps what each of them finds.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// The tools lie in a folder of their own, beside no package.json of ours.
const fromTools = createRequire(path.join(process.env.SMARTPAY_WEB_TOOLS, 'package.json'));
export const tool = (name) => fromTools(name);
export const toolModule = (name) => import(pathToFileURL(fromTools.resolve(name)));

const AXE = fs.readFileSync(fromTools.resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
// The contrast of AAA (7:1) is beyond what we promise; partners choose their colour at 4.5:1.
const EVERY_RULE = { runOnly: { type: 'tag', values: TAGS }, rules: { 'color-contrast-enhanced': { enabled: false } } };
const COLOUR_RULES = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };

// What depends on how much room there is.
const LAYOUT_RULES = { runOnly: { type: 'rule', values: ['target-size', 'scrollable-region-focusable'] } };

const light = (width) => ({ width, colorScheme: 'light', forcedColors: 'none', rules: EVERY_RULE });
const dark = (width) => ({ width, colorScheme: 'dark', forcedColors: 'none', rules: COLOUR_RULES });
const forced = (width) => ({ width, colorScheme: 'dark', forcedColors: 'active', rules: COLOUR_RULES });

const size = (width) => ({ ...light(width), rules: LAYOUT_RULES });

// Each width in each scheme. What does not depend on either is judged once, and a picture is taken where it differs most.
const WIDTHS = [390, 320, 768, 1280];
const state = WIDTHS.flatMap((width) => [light(width), dark(width), forced(width)]).map((eye) => ({
  ...eye,
  rules: eye.rules === EVERY_RULE && eye.width !== 390 ? { runOnly: { type: 'rule', values: [...COLOUR_RULES.runOnly.values, ...LAYOUT_RULES.runOnly.values] } } : eye.rules,
  picture: (eye.width === 390 && eye.forcedColors === 'none') || (eye.width === 1280 && eye.colorScheme === 'light'),
}));

/** Ways to look at a page, at a width. */
export const EYES = { light, dark };

/** How closely a page is looked at. */
export const LOOKS = {
  payer: [light(390), size(320), dark(390), forced(390), size(768), light(1280), dark(1280)],
  scriptless: [light(390), size(320), size(1280)],
  office: [light(390), dark(390), light(1280), dark(1280)],
  around: [light(390), size(320), dark(390), light(1280)],
  state,
  // As sent, it is the page of the look before.
  stateScriptless: [light(390), size(320), size(768), size(1280)].map((eye) => ({ ...eye, picture: false, sent: false })),
};

/** For pages that go on by themselves: their clock all but stands still while they are looked at. */
export const standStill = () => {
  for (const name of ['setTimeout', 'setInterval']) {
    const begin = window[name].bind(window);
    window[name] = (work, ms, ...rest) => begin(work, ms >= 1000 ? ms * 1000 : ms, ...rest);
  }
};

// Answers that are what the page is about: Chromium reports each as an error of the console.
const IS_ABOUT_STATUS = /Failed to load resource: the server responded with a status of 4\d\d/;

/** What was found, and how much was looked at. */
export class Judge {
  constructor() {
    const { HtmlValidate } = tool('html-validate');
    this.validator = new HtmlValidate({
      extends: ['html-validate:recommended'],
      // Boxes of one name are a list of answers, as HTML has it (form-dup-name knows radio buttons only).
      rules: { 'form-dup-name': ['error', { shared: ['radio', 'checkbox', 'submit', 'button', 'reset'] }] },
    });
    this.findings = new Map();
    this.tally = new Map();
    this.answers = new WeakMap();
    this.now = new WeakMap();
    this.sessions = new WeakMap();
    this.shots = process.env.SMARTPAY_SCREENSHOTS ? path.resolve('var/screenshots/web') : null;
    if (this.shots) fs.mkdirSync(this.shots, { recursive: true });
  }

  /** Keeps a finding; the same one at several widths stands once. */
  found(area, name, where, rule, element) {
    const text = String(element).replace(/\s+/g, ' ').slice(0, 240);
    const key = [area, name, rule, text].join('\u0000');
    const finding = this.findings.get(key) ?? { area, name, rule, text, where: new Set() };
    finding.where.add(where);
    this.findings.set(key, finding);
  }

  count(area, what, by = 1) {
    const row = this.tally.get(area) ?? {};
    row[what] = (row[what] ?? 0) + by;
    this.tally.set(area, row);
  }

  /** With SMARTPAY_WEB_VERBOSE, where the walk is. */
  tell(area, what) {
    if (process.env.SMARTPAY_WEB_VERBOSE) console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${area}: ${what}`);
  }

  /** Watches a browser context: errors of the console, broken policies, requests that leave the site. */
  watch(context, area) {
    const keep = (page, rule, text) => this.found(area, this.now.get(page) ?? page?.url() ?? '-', 'whenever', rule, text);
    context.on('console', (message) => {
      const loud = message.type() === 'error' || message.type() === 'warning';
      if (loud && !IS_ABOUT_STATUS.test(message.text())) keep(message.page(), 'console', message.text());
    });
    context.on('weberror', (error) => keep(error.page(), 'script', error.error()));
    context.on('request', (request) => {
      if (request.isNavigationRequest()) return;
      const page = request.frame().page();
      const [asked, own] = [new URL(request.url()), new URL(page.url())];
      if (!['data:', 'blob:'].includes(asked.protocol) && own.protocol !== 'about:' && asked.origin !== own.origin) {
        keep(page, 'other-origin', request.url());
      }
    });
    context.on('response', (response) => {
      const request = response.request();
      if (request.isNavigationRequest() && !request.frame().parentFrame()) {
        this.answers.set(request.frame().page(), response);
      } else if (response.status() >= 400 && request.resourceType() !== 'fetch') {
        keep(request.frame().page(), 'missing-file', `${response.status()} ${response.url()}`);
      }
    });
  }

  /** Judges the page that is open now. `as` is one of LOOKS; 'as sent' where no script can run. */
  async look(page, area, name, as) {
    this.now.set(page, name);
    this.count(area, 'pages');
    this.tell(area, name);
    const eyes = LOOKS[as] ?? [];
    if (eyes[0]?.sent !== false) await this.validate(page, area, name);
    await this.through(eyes, page, area, name);
  }

  /** The page through each of these eyes. */
  async through(eyes, page, area, name) {
    let last = {};
    for (const eye of eyes) {
      const where = `${eye.width} ${eye.forcedColors === 'active' ? 'forced colours' : eye.colorScheme}`;
      if (eye.colorScheme !== last.colorScheme || eye.forcedColors !== last.forcedColors) {
        await page.emulateMedia({ colorScheme: eye.colorScheme, forcedColors: eye.forcedColors });
      }
      if (eye.width !== last.width) await page.setViewportSize({ width: eye.width, height: eye.width < 700 ? 844 : 900 });
      last = eye;
      const [inner, whole] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
      if (whole > inner) this.found(area, name, where, 'sideways', `${whole} px wide`);
      await this.axe(page, area, name, where, eye.rules);
      if (this.shots && eye.picture !== false) await this.shoot(page, area, name, where);
      this.tell(area, `  ${where}`);
    }
  }

  async validate(page, area, name) {
    const answer = this.answers.get(page);
    // A page that the script changed since is still judged as it was sent.
    const html = answer && (await answer.text().catch(() => null));
    if (!html) return;
    const report = await this.validator.validateString(html);
    for (const message of report.results.flatMap((r) => r.messages)) {
      const line = html.split('\n')[message.line - 1] ?? '';
      const near = line.slice(Math.max(0, message.column - 1), message.column + 80);
      this.found(area, name, 'as sent', `html/${message.ruleId}`, `${message.message}: ${near}`);
    }
    this.count(area, 'validated');
  }

  async axe(page, area, name, where, rules) {
    const session = this.sessions.get(page) ?? (await page.context().newCDPSession(page));
    this.sessions.set(page, session);
    // Not page.evaluate: it uses eval, which the pages' own policy forbids.
    const run = async (expression) => {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, timeout: 30_000 });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    const there = await run('typeof window.axe');
    if (there !== 'object') await run(AXE);
    const violations = await run(`axe.run(document, ${JSON.stringify({ ...rules, resultTypes: ['violations'] })})
      .then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html + ' ' + (n.any[0]?.message ?? n.failureSummary ?? ''))]))`);
    for (const [rule, nodes] of violations) for (const node of nodes) this.found(area, name, where, `axe/${rule}`, node);
    this.count(area, 'axe');
  }

  async shoot(page, area, name, where) {
    const file = `${area}-${name}-${where}.png`.replace(/[^a-z0-9.]+/gi, '-').toLowerCase();
    await page.screenshot({ path: path.join(this.shots, file), fullPage: true });
  }

  /** What was found, and the table; the exit status. */
  report() {
    for (const f of this.findings.values()) {
      console.log(`\n${f.area}: ${f.name} (${[...f.where].join(', ')})\n  ${f.rule}: ${f.text}`);
    }
    const columns = ['pages', 'validated', 'axe', 'pa11y', 'caniemail'];
    console.log(`\n${'area'.padEnd(24)}${columns.map((c) => c.padStart(11)).join('')}${'findings'.padStart(11)}`);
    for (const [area, row] of this.tally) {
      const found = [...this.findings.values()].filter((f) => f.area === area).length;
      console.log(area.padEnd(24) + columns.map((c) => String(row[c] ?? '-').padStart(11)).join('') + String(found).padStart(11));
    }
    return this.findings.size === 0;
  }
}
