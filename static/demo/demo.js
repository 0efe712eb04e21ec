// Comfort only: every page works without it.
(() => {
  "use strict";
  document.querySelector("[data-focus]")?.focus();

  // A form that starts something is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-once")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-once]")) delete form.dataset.sent;
  });

  // A page that waits for something asks again and changes only what is different.
  const look = async () => {
    let seconds = Number(document.body.dataset.refresh);
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { credentials: "same-origin" });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          for (const part of document.querySelectorAll("[data-live]")) {
            const fresh = page.getElementById(part.id);
            if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
          }
          document.title = page.title;
          seconds = Number(page.body.dataset.refresh);
        }
      } catch {
        // Not reachable now; the next look may be luckier.
      }
    }
    if (seconds > 0) setTimeout(look, seconds * 1000);
  };
  const seconds = Number(document.body.dataset.refresh);
  if (seconds > 0) setTimeout(look, seconds * 1000);
})();
