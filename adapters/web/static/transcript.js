// The transcript: bubbles, days and times, choices, reactions, and keeping them in sight.

import { calm, chat, finePointer, format, icon, log, make, newer, scroller, seenFrom, words } from "./page.js";
import { release, say, shareLocation, tap, waitFor } from "./sending.js";

const TOGETHER = 5 * 60 * 1000; // ms on the coach's clock: a longer silence gets its own time line
const PAUSE = 3000; // ms: what comes after it is read as a new piece
const rows = new Map(); // ref -> the row that shows this message
let heard = 0; // when the coach last said something, in ms of the page

export function show(event) {
  if (event.seq <= chat.after) return;
  chat.after = event.seq;
  if (event.kind === "message") (event.by === "me" ? showMine : showCoach)(event);
  const row = rows.get(event.ref);
  if (row && event.kind === "react") react(row, event.emoji);
  if (row && event.kind === "close") close(row, event.rows);
  if (row && event.kind === "edit") edit(row, event);
  if (row && event.kind === "delete") takeBack(row);
  if (row && event.kind === "failed") failed(row);
  if (event.kind === "react" || event.kind === "edit") waitFor(false);
}

function showMine({ ref, text, at }) {
  if (ref.startsWith("start-")) return; // the hello that the page said by itself
  const known = rows.get(ref);
  if (known) {
    known.classList.remove("waiting", "failed");
    known.querySelector(".retry")?.remove();
    known.dataset.at = at;
    return arrangeAll();
  }
  addMine(ref, text, at);
}

export function addMine(ref, text, at) {
  const row = newRow("me", ref, at, "You");
  const body = make("div", "", text);
  body.dir = "auto";
  row.querySelector(".bubble").append(body);
  place(row);
  toBottom();
  return row;
}

function showCoach({ ref, html, image, file, rows: choices, location, at }) {
  if (rows.has(ref)) return;
  const row = newRow("coach", ref, at, "Heartsease");
  const body = make("div");
  body.innerHTML = html; // escaped by the server, and scripts are barred by the page's policy
  row.querySelector(".bubble").append(body);
  if (image) row.querySelector(".bubble").append(picture(ref, image));
  if (file) row.querySelector(".bubble").append(download(ref, file));
  if (answerable(choices, location)) row.append(buttons(ref, choices, location));
  waitFor(false);
  document.querySelectorAll(".choices.busy").forEach(release);
  place(row);
  const now = performance.now();
  if (!chat.unread || now - heard > PAUSE) chat.unread = chat.making ? null : row; // what is said while a group is made runs by
  heard = now;
  follow();
}

// The picture of a message. Its height is known (16:9), so nothing jumps when it comes; without it the words stay.
function picture(ref, alternative) {
  const image = make("img");
  Object.assign(image, { src: seenFrom(`/chat/picture/${ref}`), alt: alternative, width: 960, height: 540 });
  image.addEventListener("error", () => image.remove());
  return image;
}

// The file of a message; its name is written as text, so no markup can hide in it.
function download(ref, name) {
  const link = make("a", "file", name);
  Object.assign(link, { href: seenFrom(`/chat/file/${ref}`), download: name, dir: "auto" });
  link.prepend(icon("M8 2.5v7.5M4.8 7.2L8 10.4l3.2-3.2M3 13.2h10"));
  return link;
}

function newRow(by, ref, at, speaker) {
  const row = make("div", `row ${by} first last`);
  Object.assign(row.dataset, { ref, at, by });
  const bubble = make("div", "bubble");
  bubble.append(make("span", "sr", `${speaker}: `));
  row.append(bubble);
  return row;
}

function place(row) {
  log.querySelectorAll(".choices.location").forEach((asked) => asked.remove()); // an answered question asks for no place
  rows.set(row.dataset.ref, row);
  if (chat.live) row.classList.add("fresh");
  log.append(row);
  arrange(row);
}

// Groups by speaker; a line tells the day where it changes, and the time after every longer silence.
function arrange(row) {
  const moment = new Date(row.dataset.at);
  const day = format({ weekday: "long", day: "numeric", month: "long" }).format(moment);
  const time = format({ hour: "2-digit", minute: "2-digit" }).format(moment);
  Object.assign(row.dataset, { day, spoken: moment.getTime() });
  row.querySelector(".bubble").title = `${day}, ${time}`;
  const before = row.previousElementSibling;
  const newDay = before?.dataset.day !== day;
  const together = !newDay && moment - before.dataset.spoken < TOGETHER;
  if (!together) {
    const line = make("div", "moment");
    if (newDay) line.append(make("b", "", day));
    line.append(make("span", "", time));
    row.before(line);
  }
  const grouped = together && before.dataset.by === row.dataset.by && !before.querySelector(".choices");
  row.classList.toggle("first", !grouped);
  row.classList.add("last");
  if (grouped) before.classList.remove("last");
}

export function arrangeAll() {
  log.querySelectorAll(".moment").forEach((line) => line.remove());
  log.querySelectorAll(".row").forEach(arrange);
}

export function clear() {
  rows.clear();
  log.replaceChildren();
  newer.hidden = true;
}

function react(row, emoji) {
  row.querySelector(".feeling")?.remove();
  const feeling = make("span", "feeling", emoji);
  feeling.prepend(make("span", "sr", "Heartsease reacted: "));
  row.querySelector(".bubble").append(feeling);
  row.classList.add("felt");
  row.classList.toggle("fresh-feeling", Boolean(chat.live));
  follow();
}

// Nobody answers in the group's channel from here.
const answerable = (choices, location) => (choices.length || location) && chat.view !== "channel";

function buttons(ref, choices, location) {
  const group = make("div", "choices");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Answers");
  for (const line of choices) {
    const row = make("div", "choices-row");
    row.append(...line.map(({ data, label }) => chip(label, (button) => tap(group, button, data, ref))));
    group.append(row);
  }
  if (location) {
    group.classList.add("location");
    const button = chip("Share my location", (self) => shareLocation(group, self));
    button.prepend(icon("M8 14s4.5-4.3 4.5-7.5a4.5 4.5 0 0 0-9 0C3.5 9.7 8 14 8 14zM8 8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z"));
    const row = make("div", "choices-row");
    row.append(button);
    group.append(row);
  }
  return group;
}

function chip(label, act) {
  const button = make("button", "chip", label);
  button.type = "button";
  button.dir = "auto";
  button.addEventListener("click", () => act(button));
  return button;
}

// What a message says now, in its old place.
function edit(row, { ref, html, rows: choices }) {
  row.querySelector(".bubble > div").innerHTML = html; // escaped by the server, as in showCoach
  row.querySelector(".choices")?.remove();
  if (answerable(choices, false)) row.append(buttons(ref, choices, false));
  follow();
}

function takeBack(row) {
  const focused = row.contains(document.activeElement);
  rows.delete(row.dataset.ref);
  if (chat.unread === row) chat.unread = null;
  row.remove();
  arrangeAll();
  if (focused && finePointer()) words.focus({ preventScroll: true });
}

function close(row, chosen) {
  const group = row.querySelector(".choices");
  if (!group) return;
  const wasOurs = group.classList.contains("busy") || group.contains(document.activeElement);
  group.replaceChildren();
  group.classList.remove("busy");
  group.classList.add("answered");
  group.setAttribute("aria-label", "Your answer");
  for (const line of chosen) {
    const shown = make("div", "choices-row");
    shown.append(...line.map(({ label }) => {
      const done = make("span", "chip", label.replace(/^\s*[✓✔]\s*/u, ""));
      done.dir = "auto";
      done.prepend(icon("M3 8.5l3.3 3.3L13 4.8"));
      return done;
    }));
    group.append(shown);
  }
  if (!chosen.length) group.remove();
  if (wasOurs && finePointer()) words.focus({ preventScroll: true });
}

export function failed(row) {
  row.classList.remove("waiting");
  row.classList.add("failed");
  if (row.querySelector(".retry")) return;
  const again = make("button", "retry", "Not sent. Try again");
  again.type = "button";
  const text = row.querySelector(".bubble > div").textContent;
  again.addEventListener("click", () => say(text, row.dataset.ref, row));
  row.append(again);
}

export const distance = () => scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;

export function toBottom() {
  chat.pinned = true;
  scroller.scrollTo({ top: scroller.scrollHeight, behavior: chat.live && !calm() ? "smooth" : "auto" });
}

// Keeps up with what is new, but never scrolls the beginning of it out of sight.
export function follow() {
  if (!chat.pinned) return lookBelow();
  if (!chat.live || !chat.unread) return toBottom();
  const bottom = scroller.scrollHeight - scroller.clientHeight;
  const beginning = chat.unread.offsetTop - log.parentElement.offsetTop - 56;
  scroller.scrollTo({ top: Math.max(Math.min(bottom, beginning), 0), behavior: calm() ? "auto" : "smooth" });
}

export function lookBelow() {
  newer.hidden = distance() < 120;
}
