// Keeps the member's page and the console up to date: when the stream says that something changed,
// the server's part of the page is fetched again, and the ages count on in between. Without it the
// page works too.
"use strict";
(() => {
  const body = document.body.dataset;
  const main = document.querySelector("main");
  const chip = document.getElementById("live");
  const LEAST_MS = 1000; // between two looks at the server
  const FIRST_WAIT_MS = 1000; // until we listen again after a refusal; each wait is twice the last
  const LONGEST_WAIT_MS = 60000;
  let looking = false;
  let again = false;
  let wait = FIRST_WAIT_MS;
  let ahead = 0; // how far the server's clock is ahead of ours, ms

  const setClock = () => {
    ahead = Number(main.querySelector("[data-now-ms]").dataset.nowMs) - Date.now();
  };

  const ageWords = (seconds) => {
    for (const [least, unit, words] of [
      [172800, 86400, body.ageDays],
      [7200, 3600, body.ageHours],
      [120, 60, body.ageMinutes],
      [5, 1, body.ageSeconds],
    ]) {
      if (seconds >= least) return words.replace("{n}", Math.floor(seconds / unit));
    }
    return body.ageNow;
  };

  const countAges = () => {
    for (const time of main.querySelectorAll("time[data-at-ms]")) {
      const words = ageWords((Date.now() + ahead - Number(time.dataset.atMs)) / 1000);
      if (time.textContent !== words) time.textContent = words;
    }
  };

  // What did not change stays: a reader of the screen hears only what is new.
  const replaceParts = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    const before = [...main.children];
    const after = [...fresh.children];
    if (before.length !== after.length) {
      main.replaceChildren(...after);
      return;
    }
    after.forEach((part, index) => {
      if (part.isEqualNode(before[index])) return;
      const scrolled = [...before[index].querySelectorAll(".scroll")].map((box) => box.scrollLeft);
      before[index].replaceWith(part);
      part.querySelectorAll(".scroll").forEach((box, n) => {
        box.scrollLeft = scrolled[n] ?? 0;
      });
    });
  };

  const look = async () => {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const answer = await fetch(body.now, { cache: "no-store" });
      if (answer.status === 403) {
        location.reload();
        return;
      }
      if (answer.ok) {
        replaceParts(await answer.text());
        setClock();
        countAges();
      }
    } catch {
      // No network: the stream comes back by itself, and we look again then.
    }
    setTimeout(() => {
      looking = false;
      if (again) {
        again = false;
        look();
      }
    }, LEAST_MS);
  };

  const show = (on) => {
    chip.hidden = false;
    chip.classList.toggle("on", on);
    chip.textContent = on ? body.liveOn : body.liveOff;
  };

  const listen = () => {
    const stream = new EventSource(body.live);
    stream.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      show(true);
    });
    for (const kind of ["points", "event", "positions"]) stream.addEventListener(kind, look);
    // What is found of a place concerns every order that stands there: not all ask at once.
    stream.addEventListener("reload", () => setTimeout(look, Math.random() * LEAST_MS));
    stream.addEventListener("end", () => {
      stream.close();
      location.reload();
    });
    stream.addEventListener("error", () => {
      show(false);
      if (stream.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
      // Not all at once; the address says from where on, so nothing is missed in between.
      setTimeout(listen, wait * (0.5 + Math.random() / 2));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    });
  };

  setClock();
  setInterval(countAges, 1000);
  setInterval(look, 60000); // silence changes the page too: a reading grows old
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  listen();
})();
