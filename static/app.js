// Makes the payment pages quicker to use. Every page works without it; nothing here decides anything.
(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);

  // --- IBAN (ISO 13616): compact form, groups of four, check digits (ISO 7064 MOD 97-10)
  // Without what is pasted with it: spaces, what nobody sees, "IBAN:".
  const pasted = (text) => text.replace(/[\s\u00ad\u180e\u200b-\u200f\u2060-\u206f\ufeff]/g, '').replace(/[\u2010-\u2015\u2212]/g, '-').replace(/^(iban)?[:.\-=#]*/i, '');
  const compact = (text) => pasted(text).replace(/-/g, '').toUpperCase();
  // A Serbian account number (840-742221843-57) is RS35 and 18 digits; it stays as it was typed.
  const isLocal = (text) => /^\d/.test(pasted(text));
  const fromLocal = (text) => {
    const parts = pasted(text).split('-');
    const whole = parts.length === 3 && /^\d{1,13}$/.test(parts[1]) ? parts[0] + parts[1].padStart(13, '0') + parts[2] : parts.join('');
    return `RS35${whole}`;
  };
  const whole = (text) => isLocal(text) ? fromLocal(text) : compact(text);
  const grouped = (text) => isLocal(text) ? text : compact(text).replace(/(.{4})(?=.)/g, '$1 ');
  const ibanIsRight = (text) => {
    const iban = whole(text);
    if (iban.startsWith('RS') && !/^RS35\d{18}$/.test(iban)) return false;
    if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return false;
    if (iban.startsWith('RO') && !/^RO\d{2}[A-Z]{4}[A-Z0-9]{16}$/.test(iban)) return false;
    let rest = 0;
    for (const c of iban.slice(4) + iban.slice(0, 4)) {
      const value = parseInt(c, 36);
      rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest === 1;
  };
  // Groups what is typed and keeps the caret behind the same character.
  const groupWhileTyping = (input) => {
    const before = compact(input.value.slice(0, input.selectionStart)).length;
    const text = grouped(input.value);
    if (text === input.value) return;
    const atEnd = input.selectionStart === input.value.length;
    input.value = text;
    let caret = 0;
    for (let seen = 0; caret < text.length && seen < before; caret += 1) if (text[caret] !== ' ') seen += 1;
    if (atEnd) caret = text.length;
    input.setSelectionRange(caret, caret);
  };

  // --- the payment form
  const form = $('pay-form');
  if (form) setUpForm(form);

  function setUpForm(form) {
    const say = form.dataset;
    const pay = $('pay');
    const payLabel = pay.textContent;
    const fields = [...form.querySelectorAll('input[data-check]')];
    const radios = [...form.querySelectorAll('input[name="bank"]')];
    const banks = $('banks');
    const userCode = $('user-code-field');
    let sent = false;
    let proposed = null;
    // Who goes there is not told what is missing here.
    const leaving = '.give-up, .language, .lines, .pager, .more-time, dialog';

    // How far what was typed is from an IBAN of its country, in the server's words; '' when it is as long.
    const lengths = new Map(say.ibanLengths.split(' ').map((known) => [known.slice(0, 2), Number(known.slice(2))]));
    const wanting = (value) => {
      const typed = compact(value);
      const by = isLocal(value) || !/^[A-Z0-9]{1,40}$/.test(typed) || !lengths.has(typed.slice(0, 2)) ? 0 : lengths.get(typed.slice(0, 2)) - typed.length;
      const n = Math.abs(by);
      const form = n === 1 ? 0 : n % 100 === 0 || n % 100 >= 20 ? 2 : 1;
      return by ? (by > 0 ? say.ibanShort : say.ibanLong).split('|')[form].replace('{n}', String(n)) : '';
    };
    // Only for the eye, and only while it is typed: a screen reader hears what is wrong when the field is left.
    const count = (field) => {
      const line = $(field.id + '-count');
      const text = document.activeElement === field && !field.hasAttribute('aria-invalid') && compact(field.value).length > 4 ? wanting(field.value) : '';
      line.textContent = text;
      line.hidden = !text;
    };

    const chosenBank = () => radios.find((r) => r.checked);
    const isShown = (field) => !userCode || userCode.hidden === false || !userCode.contains(field);

    // What is wrong with a field, in the server's words; '' when nothing is.
    const problemOf = (field) => {
      const value = field.value.trim();
      if (field.dataset.check === 'terms') return field.checked ? '' : say.terms;
      if (!value) return say.required;
      if (Number(field.dataset.most) > 0 && [...value].length > Number(field.dataset.most)) return field.dataset.tooLong;
      switch (field.dataset.check) {
        case 'iban': {
          if (!ibanIsRight(value)) return wanting(value) || say.iban;
          const creditor = $('creditor_iban') ? $('creditor_iban').value : say.creditorIban;
          return field.id === 'debtor_iban' && whole(value) === whole(creditor) ? say.same : '';
        }
        case 'email': return /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value) ? '' : say.email;
        case 'amount': return /^\d[\d\s.,]*$/.test(value) && /[1-9]/.test(value) ? '' : say.amount;
        default: {
          const pattern = field.id === 'user_code' && chosenBank() && chosenBank().dataset.userPattern;
          const whole = pattern && new RegExp(`^(?:${pattern})$`);
          return whole && !whole.test(value) && !whole.test(value.replace(/\s/g, '')) ? say.userWrong : '';
        }
      }
    };
    const show = (id, target, problem) => {
      const line = $(id + '-error');
      line.textContent = problem;
      line.hidden = !problem;
      if (!target) return;
      if (problem) target.setAttribute('aria-invalid', 'true'); else target.removeAttribute('aria-invalid');
    };
    const problems = () => {
      const found = [];
      for (const field of fields) {
        const problem = isShown(field) ? problemOf(field) : '';
        if (problem) found.push({ id: field.id, field, label: field.dataset.label, short: field.dataset.short || field.dataset.label, problem });
        if (field === lastBeforeBanks && !chosenBank()) found.push(noBank());
      }
      if (!lastBeforeBanks && !chosenBank()) found.unshift(noBank());
      return found;
    };
    const noBank = () => ({ id: 'bank', field: radios.find((r) => !r.disabled), label: banks.dataset.label, short: banks.dataset.short, problem: say.required });
    const precedes = (field) => Boolean(field.compareDocumentPosition(banks) & Node.DOCUMENT_POSITION_FOLLOWING);
    const lastBeforeBanks = fields.filter(precedes).pop();

    const refreshButton = () => {
      const open = problems();
      pay.setAttribute('aria-disabled', open.length || sent ? 'true' : 'false');
      const missing = open.length ? `${say.missing} ${open.map((p) => p.short).join(', ')}.` : '';
      if ($('pay-why').textContent !== missing) $('pay-why').textContent = missing;
    };

    for (const field of fields) {
      field.addEventListener('input', () => {
        if (field.dataset.check === 'iban') groupWhileTyping(field);
        // A complaint disappears as soon as it no longer holds; a new one waits until the field is left.
        if (field.hasAttribute('aria-invalid')) show(field.id, field, problemOf(field));
        if (field.dataset.check === 'iban') count(field);
        if (field.id === 'debtor_iban') suggest();
        refreshButton();
      });
      field.addEventListener('blur', (event) => {
        if (event.relatedTarget && event.relatedTarget.closest(leaving)) return;
        show(field.id, field, problemOf(field));
        if (field.dataset.check === 'iban') count(field);
        if (field.id === 'debtor_iban') suggest();
        refreshButton();
      });
      field.addEventListener('change', refreshButton);
      if (field.dataset.check === 'iban') {
        const line = document.createElement('p');
        Object.assign(line, { id: field.id + '-count', className: 'hint', hidden: true, ariaHidden: 'true' });
        field.after(line);
      }
      if (field.dataset.check === 'iban' && field.value) field.value = grouped(field.value);
    }

    // --- banks: a search box over the list; the chosen one stands alone until it is changed
    const list = $('bank-list');
    const search = $('bank-search');
    const searchBox = search.closest('.bank-search');
    const change = $('bank-change');
    const plain = (text) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
    const filter = () => {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      let count = 0;
      for (const radio of radios) {
        const fits = words.every((w) => plain(`${radio.dataset.name} ${radio.value} ${radio.dataset.ibanCodes}`).includes(w));
        radio.closest('li').hidden = !fits;
        if (fits) count += 1;
      }
      const text = count ? `${count} ${search.dataset.count}` : search.dataset.none;
      $('bank-count').textContent = words.length ? text : '';
      $('bank-count').classList.toggle('visually-hidden', count > 0);
    };
    const fold = (folded) => {
      searchBox.hidden = folded || radios.length < 7;
      change.hidden = !folded;
      list.classList.toggle('folded', folded);
      list.classList.toggle('scroll', !folded && radios.length > 10);
      if (folded) for (const radio of radios) radio.closest('li').hidden = !radio.checked;
      else filter();
    };
    const chosen = () => {
      const bank = chosenBank();
      if (bank) show('bank', null, '');
      if (userCode) askUserCode(bank);
      refreshButton();
    };
    // The chosen bank's own name for its code.
    const askUserCode = (bank) => {
      userCode.hidden = !(bank && 'userCode' in bank.dataset);
      if (userCode.hidden) return;
      const field = $('user_code');
      const label = bank.dataset.userCode || say.userCode;
      userCode.querySelector('label').textContent = label;
      field.dataset.label = label;
      $('user_code-hint').textContent = say.userHint.replace('{bank}', () => bank.dataset.name);
      if (field.hasAttribute('aria-invalid') && field.value) show(field.id, field, problemOf(field));
    };
    const chosenByHand = () => {
      proposed = null;
      chosen();
      suggest();
    };
    let pointer = false;
    list.addEventListener('pointerdown', () => { pointer = true; });
    list.addEventListener('keydown', (event) => {
      pointer = false;
      if (event.key === 'Enter' && chosenBank()) { event.preventDefault(); fold(true); change.focus(); }
    });
    for (const radio of radios) {
      radio.addEventListener('change', () => { chosenByHand(); if (pointer) fold(true); });
    }
    banks.addEventListener('focusout', (event) => {
      if (event.relatedTarget && !banks.contains(event.relatedTarget)) {
        if (chosenBank()) fold(true); else if (!event.relatedTarget.closest(leaving)) show('bank', null, say.required);
      }
    });
    search.addEventListener('input', filter);
    search.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      const left = radios.filter((r) => !r.disabled && !r.closest('li').hidden);
      if (left.length === 1) { left[0].checked = true; chosenByHand(); fold(true); change.focus(); }
    });
    change.addEventListener('click', () => { search.value = ''; fold(false); (searchBox.hidden ? chosenBank() : search).focus(); });

    // --- the bank of last time: its code, in this browser alone, and only for who ticked that
    const remember = $('remember');
    const keep = (code) => { try { if (code) localStorage.setItem('bank', code); else localStorage.removeItem('bank'); } catch { /* keeps nothing */ } };
    let kept = null;
    try { kept = localStorage.getItem('bank'); } catch { /* kept nothing */ }
    const last = radios.find((r) => r.value === kept);
    remember.checked = Boolean(kept);
    remember.addEventListener('change', () => {
      if (remember.checked) return;
      keep(null);
      for (const note of list.querySelectorAll('.last')) note.remove();
    });
    if (last) {
      list.prepend(last.closest('li'));
      const note = document.createElement('small');
      Object.assign(note, { className: 'last', textContent: list.dataset.last });
      last.labels[0].querySelector('.bank-name').append(' ', note);
      // Only a proposal: the partner's choice and what the IBAN says come before it.
      if (!last.disabled && !chosenBank()) { last.checked = true; proposed = last; }
    }

    // --- the IBAN suggests a bank and never locks it
    function suggest() {
      const iban = whole($('debtor_iban').value);
      const code = iban.slice(4, { RS: 7, FR: 9 }[iban.slice(0, 2)] || 8);
      const fits = (radio) => radio.dataset.ibanCodes.split(' ').includes(code);
      const fit = /^(RO|FR|RS)/.test(iban) && ibanIsRight(iban) && radios.find((r) => !r.disabled && fits(r));
      const current = chosenBank();
      if (fit && (!current || (current === proposed && !fits(current)))) propose(fit);
      const bank = chosenBank();
      let text = '';
      if (fit && bank === proposed) text = say.suggested;
      else if (fit && bank && !fits(bank)) text = say.differs.replace('{bank}', () => fit.dataset.name);
      if ($('bank-suggestion').textContent !== text) $('bank-suggestion').textContent = text;
    }
    function propose(radio) {
      proposed = radio;
      radio.checked = true;
      chosen();
      fold(true);
    }

    form.addEventListener('submit', (event) => {
      // Another button of the form leads elsewhere; the server keeps what has been typed, right or wrong.
      if (event.submitter && event.submitter.hasAttribute('formaction')) return;
      const open = problems();
      if (sent || open.length) event.preventDefault();
      if (sent) return;
      if (!open.length) {
        if (remember.checked) keep(chosenBank().value);
        sent = true;
        pay.textContent = say.sending;
        pay.setAttribute('aria-disabled', 'true');
        return;
      }
      fold(Boolean(chosenBank()));
      for (const p of open) show(p.id, p.id === 'bank' ? null : p.field, p.problem);
      const items = open.map((p) => {
        const link = document.createElement('a');
        link.href = `#${p.field ? p.field.id : 'banks'}`;
        link.textContent = `${p.label}: ${p.problem}`;
        const item = document.createElement('li');
        item.append(link);
        return item;
      });
      $('summary-list').replaceChildren(...items);
      const summary = $('summary');
      summary.hidden = false;
      if (!document.title.startsWith(summary.dataset.prefix)) document.title = summary.dataset.prefix + document.title;
      summary.focus();
    });
    // Back from the bank with the browser's back button: the form can be sent again, the server decides.
    addEventListener('pageshow', (event) => {
      if (!event.persisted) return;
      sent = false;
      pay.textContent = payLabel;
      refreshButton();
    });

    if ($('bank-suggestion').textContent) proposed = chosenBank();
    $('bank-remember').hidden = false;
    chosen();
    fold(Boolean(chosenBank()));
    refreshButton();
  }

  // --- what is wrong, on every page with a form
  const summary = $('summary');
  if (summary) {
    // Anchors move the page; people expect to be able to type at once.
    summary.addEventListener('click', (event) => {
      const target = event.target.closest('a') && document.querySelector(event.target.closest('a').hash);
      if (target) { event.preventDefault(); target.focus(); target.scrollIntoView({ block: 'center' }); }
    });
    if (!summary.hidden) summary.focus();
  }
  // A second press would send a code twice, and cost a try at the bank.
  for (const once of document.querySelectorAll('form.once')) {
    let sent = false;
    once.addEventListener('submit', (event) => { if (sent) event.preventDefault(); sent = true; });
    addEventListener('pageshow', (event) => { if (event.persisted) sent = false; });
  }

  // --- on the way to the bank
  const go = $('go');
  const navigation = performance.getEntriesByType('navigation')[0];
  const cameBack = navigation && navigation.type === 'back_forward';
  // A bank's app opens only from a real tap, and who came back with the back button wants to stay.
  if (go && go.dataset.forward && !cameBack && !matchMedia('(pointer: coarse)').matches) {
    $('go-soon').hidden = false;
    // The link itself is followed, so that its rel=noreferrer holds.
    const timer = setTimeout(() => go.click(), Number(go.dataset.forward) * 1000);
    addEventListener('pagehide', () => clearTimeout(timer));
    document.addEventListener('submit', () => clearTimeout(timer));
  }

  // --- waiting: ask, then show what changed
  const main = $('main');
  const { statusUrl, refreshUrl, reload } = main.dataset;
  if (statusUrl) {
    for (const line of document.querySelectorAll('[data-script]')) line.hidden = false;
    const mostMs = Number(main.dataset.mostMs) || 10000;
    const offline = $('offline');
    let pause = 2000;
    let timer = 0;
    let failures = 0;
    const ask = async () => {
      clearTimeout(timer);
      try {
        const answer = await fetch(statusUrl, { cache: 'no-store', headers: { Accept: 'application/json' } });
        if (answer.status === 401 || answer.status === 403 || answer.status === 404) { location.replace(refreshUrl); return; }
        if (answer.ok && (await answer.json()).changed === true) { location.replace(refreshUrl); return; }
        failures = answer.ok ? 0 : failures + 1;
      } catch { failures += 1; }
      // Offline or restarting: ask again, and say so when it lasts.
      const lost = failures > 1 && offline ? offline.dataset.offline : '';
      if (offline && offline.textContent !== lost) offline.textContent = lost;
      pause = Math.min(pause * 1.25, mostMs);
      timer = setTimeout(ask, pause);
    };
    timer = setTimeout(ask, pause);
    document.addEventListener('visibilitychange', () => { if (!document.hidden) { pause = 2000; ask(); } });
  }
  // --- the time left, from the server's seconds: this machine's clock may be wrong
  const left = $('left');
  if (left) {
    let end = performance.now() + Number(left.dataset.seconds) * 1000;
    let warned = false;
    const soon = $('left-soon');
    const dialog = $('more-time');
    const ends = $('more-time-ends');
    const more = [...document.querySelectorAll('[data-more]')];
    const show = () => {
      const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
      const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
      left.textContent = left.dataset.left.replace('{left}', () => clock);
      if (ends) ends.textContent = ends.dataset.left.replace('{left}', () => clock);
      if (dialog && !warned && seconds <= Number(dialog.dataset.warn)) { warned = true; dialog.showModal(); }
      if (seconds <= 120 && soon.dataset.soon && soon.textContent !== soon.dataset.soon) soon.textContent = soon.dataset.soon;
      if (seconds === 0) { clearInterval(timer); location.replace(refreshUrl); }
    };
    const timer = setInterval(show, 1000);
    show();
    // The server decides; what was typed stays where it is.
    const extend = async (button) => {
      const fields = new URLSearchParams({ until: button.value });
      for (const name of ['csrf', 'payment', 'state', 'lang']) fields.set(name, button.form.elements[name].value);
      const answer = await fetch(button.formAction, { method: 'POST', body: fields, headers: { Accept: 'application/json' } });
      if (answer.status === 409) { location.replace(refreshUrl); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      end = performance.now() + now.seconds * 1000;
      warned = false;
      $('left-until').textContent = now.line;
      if (dialog.open) dialog.close();
      soon.textContent = now.said;
      for (const b of more) { b.value = now.until; b.hidden = !now.more; }
      if (!now.more) warned = true;
      show();
    };
    for (const button of more) {
      button.addEventListener('click', (event) => {
        event.preventDefault();
        // Offline, perhaps: as without a script.
        extend(button).catch(() => button.form.requestSubmit(button));
      });
    }
    if (dialog) $('more-time-no').addEventListener('click', () => dialog.close());
  }
  if (reload) setTimeout(() => { location.replace(refreshUrl); }, Number(reload) * 1000);

  // --- the confirmation on paper
  const print = $('print');
  if (print) {
    print.hidden = false;
    print.addEventListener('click', () => window.print());
  }

  // --- back to the partner
  const back = document.querySelector('a[data-return]');
  if (back && !cameBack) {
    let left = Number(back.dataset.return);
    $('countdown').hidden = false;
    const timer = setInterval(() => {
      left -= 1;
      $('seconds').textContent = String(left);
      if (left > 0) return;
      clearInterval(timer);
      location.assign(back.href);
    }, 1000);
    const stay = $('stay');
    const stop = () => {
      clearInterval(timer);
      $('countdown').hidden = true;
      $('staying').textContent = stay.dataset.staying;
    };
    stay.addEventListener('click', () => { stop(); back.focus(); });
    // Who keeps the confirmation is not led away from it.
    for (const keep of document.querySelectorAll('.keep a, .keep button')) keep.addEventListener('click', stop);
    addEventListener('pagehide', () => clearInterval(timer));
  }
})();
