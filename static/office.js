// Counts down to the end of an idle session: warns in its last minute, extends it without leaving the page, and
// takes what is shown off the screen when it is over. Without this script the form extends it as well.
(() => {
  "use strict";
  const bar = document.querySelector("[data-idle-seconds]");
  if (!bar) return;
  const soon = bar.querySelector("[data-soon]");
  const endsAt = bar.querySelector("[data-ends-at]");
  const form = bar.querySelector("form");
  const lifeMs = Number(bar.dataset.idleSeconds) * 1000;
  const WARN_MS = Math.min(60000, lifeMs / 2);
  let end = Date.now() + lifeMs;
  const leave = () => window.location.replace(bar.dataset.endedUrl);
  const look = () => {
    const left = end - Date.now();
    if (left <= 0) return leave();
    const late = left <= WARN_MS;
    if (late !== bar.classList.contains("ending")) {
      bar.classList.toggle("ending", late);
      soon.textContent = late ? soon.dataset.soon : "";
    }
    window.setTimeout(look, Math.min(left, 1000));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sent = Date.now();
    fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "X-Requested-With": "fetch" },
      redirect: "manual",
    })
      .then((answer) => {
        if (answer.status !== 204) return leave();
        end = sent + lifeMs;
        endsAt.textContent = new Date(end).toLocaleTimeString("ro-RO");
      })
      .catch(() => form.submit());
  });
  look();
})();
