// The browser chat: draws the transcript that /chat/events tells, and sends what is said and tapped.

import { leap, lookAround, petals, showPlace, travelling } from "./journey.js";
import { $, ask, chat, finePointer, log, newer, notice, scroller, seenFrom, send, status, words } from "./page.js";
import { say, trouble, waitFor } from "./sending.js";
import { clear, distance, lookBelow, show, toBottom } from "./transcript.js";
import { begun, change } from "./views.js";

// ------------------------------------------------------------ the message field

function grow() {
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight + 3}px`;
  send.disabled = !words.value.trim();
  const left = words.maxLength - words.value.length;
  $("room").hidden = left > 500;
  $("room").textContent = left ? `Room for ${left} more characters` : "That is all that fits in one message; the rest can follow in another.";
}

function submit() {
  const text = words.value.trim();
  if (!text) return;
  words.value = "";
  grow();
  say(text.toWellFormed?.() ?? text);
}

async function startOver() {
  $("sure").close();
  try {
    await ask("/chat/again", {});
    Object.assign(chat, { epoch: "", after: 0 }); // what comes is expected
    connect();
    if (finePointer()) words.focus();
  } catch (error) {
    trouble(error);
  }
}

// ------------------------------------------------------------ the connection

let attempt = 0; // only the latest one goes on
async function connect() {
  const mine = ++attempt;
  clearTimeout(retryTimer);
  chat.stream?.close();
  chat.stream = null;
  try {
    const place = await ask("/chat/place"); // also gives this browser a chat if it has none
    if (mine !== attempt) return;
    if (chat.view && place.group?.state === "closed") return change("", connect); // its group went with its process
    showPlace(place);
  } catch (error) {
    if (error.status === 404 && chat.view && mine === attempt) return change("", connect);
    if (mine === attempt) reconnect();
    return;
  }
  if (mine !== attempt) return;
  if (chat.failures > 2 || !window.EventSource) return poll(mine); // something on the way holds streams back
  const stream = new EventSource(seenFrom(`/chat/events?after=${chat.after}&epoch=${chat.epoch}`));
  chat.stream = stream;
  stream.addEventListener("hello", (event) => greet(JSON.parse(event.data)));
  stream.addEventListener("message", (event) => { show(JSON.parse(event.data)); lookAround(); });
  stream.addEventListener("error", () => { stream.close(); if (mine === attempt) reconnect(); });
}

function greet({ epoch, last }) {
  connected();
  if (epoch !== chat.epoch) {
    if (chat.epoch) begunAnew();
    Object.assign(chat, { epoch, after: 0, live: false, pinned: true, unread: null });
    clear();
    log.setAttribute("aria-live", "off"); // nor is it read out
  }
  if (last) {
    setTimeout(() => { if (epoch === chat.epoch) live(); }, 400); // what is told again does not move
  } else {
    live();
    if (chat.view) return;
    waitFor(true);
    ask("/chat/say", { text: "/start", id: `start-${epoch}` }).catch(trouble);
  }
}

// The coach was started anew, or another tab started over: what was not sent is not lost with what is cleared.
function begunAnew() {
  const unsent = Array.from(log.querySelectorAll(".row.failed .bubble > div"), (text) => text.textContent);
  words.value = [...unsent, words.value].filter(Boolean).join("\n").slice(0, words.maxLength);
  grow();
  notice("This is a new conversation: the one before it is over.", 12000);
}

function live() {
  chat.live = true;
  log.setAttribute("aria-live", "polite");
}

let lostTimer = 0;
function connected() {
  chat.failures = 0;
  clearTimeout(lostTimer);
  lostTimer = 0;
  if (status.dataset.lost) notice("");
  delete status.dataset.lost;
}

let retryTimer = 0;
function reconnect() {
  chat.stream = null;
  lostTimer ||= setTimeout(() => { status.dataset.lost = "yes"; notice("Reconnecting…", 0); }, 1500);
  chat.failures += 1;
  retryTimer = setTimeout(connect, Math.min(250 * 2 ** chat.failures, 8000));
}

async function poll(mine) {
  try {
    const { epoch, last, events } = await ask(`/chat/since?after=${chat.after}&epoch=${chat.epoch || "none"}&wait=20`);
    if (mine !== attempt) return;
    if (epoch !== chat.epoch) greet({ epoch, last });
    events.forEach(show);
    connected();
    chat.failures = 3; // stays with polling
    if (events.length) lookAround();
    setTimeout(() => { if (mine === attempt) poll(mine); }, 100);
  } catch {
    if (mine === attempt) reconnect();
  }
}

// ------------------------------------------------------------ beginning
$("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
words.addEventListener("input", grow);
words.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});
send.addEventListener("pointerdown", (event) => event.preventDefault()); // the keyboard of a phone stays open
scroller.addEventListener("scroll", () => { chat.pinned = distance() < 120; lookBelow(); }, { passive: true });
for (const gesture of ["wheel", "touchmove"]) scroller.addEventListener(gesture, () => { chat.unread = null; }, { passive: true });
newer.addEventListener("click", () => { chat.unread = null; toBottom(); });
new ResizeObserver(() => { if (chat.pinned && !chat.unread) scroller.scrollTop = scroller.scrollHeight; }).observe(scroller);
document.querySelectorAll(".leap[data-to]").forEach((button) => button.addEventListener("click", () => leap(button.dataset.to)));
$("again").addEventListener("click", () => { if (!travelling(null)) $("sure").showModal(); });
$("sure-no").addEventListener("click", () => $("sure").close());
$("sure-yes").addEventListener("click", startOver);
document.querySelectorAll(".view[data-view]").forEach((button) => {
  button.addEventListener("click", () => { if (!travelling(null)) change(button.dataset.view, connect).then(grow, trouble); });
});
$("join").addEventListener("click", () => { $("join").hidden = true; say($("join").dataset.says); });
addEventListener("online", () => { if (!chat.stream) connect(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) lookAround(0); });
setInterval(() => { if (!document.hidden) lookAround(0); }, 30000);
petals(8, 0, false);
if (finePointer()) words.focus();
begun();
grow();
connect();
