// Small comforts of the sandbox banks' pages; each of them has a link that does the same.
(() => {
  'use strict';
  const main = document.querySelector('main');

  // The way back to the merchant goes on by itself.
  if (main.dataset.on) {
    document.getElementById('soon').hidden = false;
    setTimeout(() => location.assign(main.dataset.on), 3000);
  }

  // A telephone shows what arrives. Only a section that changed is replaced, so nobody loses their place.
  const EVERY_MS = 5000;
  const sections = (where) => [...where.querySelectorAll('main section')];
  const look = async () => {
    try {
      const answer = await fetch(main.dataset.again);
      const there = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const news = answer.ok ? sections(there) : [];
      sections(document).forEach((old, i) => {
        if (news[i] && news[i].innerHTML !== old.innerHTML) old.replaceChildren(...news[i].childNodes);
      });
      // What asks for an answer is not taken away from under the finger.
      if (news.length && !there.querySelector('main').dataset.again) return;
    } catch {
      // The bank is being started again.
    }
    setTimeout(look, EVERY_MS);
  };
  if (main.dataset.again) setTimeout(look, EVERY_MS);
})();
