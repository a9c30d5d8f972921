// Where in the journey one is, and the jumps in time.

import { $, ask, chat, format, make, notice } from "./page.js";
import { showGroup } from "./views.js";
import { trouble, waitFor } from "./sending.js";
import { arrangeAll } from "./transcript.js";

const STRAGGLERS = 500; // ms that the stream may be behind the answer to a jump
const STATES = {
  invited: "Say hello", consenting: "Getting to know each other", onboarding: "Getting to know each other",
  paused: "Paused", graduated: "Graduated", withdrawn: "Stopped", leading: "The group is being made",
};

export function petals(weeks, week, done) {
  const flower = $("flower");
  const signature = `${weeks}/${week}/${done}`;
  if (flower.dataset.drawn === signature) return;
  flower.dataset.drawn = signature;
  const draw = (name, attributes) => {
    const shape = document.createElementNS(flower.namespaceURI, name);
    Object.entries(attributes).forEach(([key, value]) => shape.setAttribute(key, value));
    return shape;
  };
  const width = Math.min(13, 64 / weeks + 4);
  const ring = Array.from({ length: weeks }, (_, index) => draw("path", {
    d: `M0 -7C${-width} -13 ${-width} -30 0 -30C${width} -30 ${width} -13 0 -7Z`,
    transform: `rotate(${(360 / weeks) * index})`,
    class: `petal${done || index + 1 < week ? " walked" : index + 1 === week ? " here" : ""}`,
  }));
  flower.replaceChildren(...ring, draw("circle", { r: 5, class: "heart-dot" }));
}

export function showPlace(where) {
  const { state, week, day, title, now_local: now, zone, weeks = 8 } = where;
  const walking = Boolean(week) && ["active", "paused", "leading"].includes(state);
  if (where.group) showGroup(where.group);
  if (where.group?.state === "making") lookAround(500);
  const line = $("where");
  line.replaceChildren();
  if (walking) line.append(make("b", "", `Week ${week} of ${weeks} · Day ${day}`), state === "paused" ? " · Paused" : "", title ? ` · ${title}` : "");
  else line.append(STATES[state] ?? "Eight weeks, a few minutes a day");
  line.title = line.textContent;
  petals(weeks, walking ? week : 0, state === "graduated");
  if (now) {
    const wall = new Date(`${now.slice(0, 16)}Z`); // its wall time, read as it stands
    $("time").textContent = format({ hour: "2-digit", minute: "2-digit" }, "UTC").format(wall);
    $("time").dateTime = now;
    $("date").textContent = format({ weekday: "short", day: "numeric", month: "short" }, "UTC").format(wall);
    chat.now = new Date(now).toISOString();
  }
  if ((zone ?? undefined) !== chat.zone) {
    chat.zone = zone ?? undefined;
    arrangeAll();
  }
}

let placeTimer = 0;
export function lookAround(delay = 200) {
  clearTimeout(placeTimer);
  placeTimer = setTimeout(async () => {
    const view = chat.view;
    const place = await ask("/chat/place").catch(() => null);
    if (place && view === chat.view) showPlace(place);
  }, delay);
}

export async function leap(to) {
  if (travelling(null)) return;
  travelling(true);
  chat.unread = null;
  chat.pinned = true;
  waitFor(true);
  const { view, after } = chat;
  try {
    const place = await ask("/chat/jump", { to });
    if (view === chat.view) {
      showPlace(place);
      setTimeout(() => { if (chat.view === view && chat.after === after) nothingCame(); }, STRAGGLERS);
    } else lookAround(0);
  } catch (error) {
    trouble(error);
  }
  waitFor(false);
  travelling(false);
}

function nothingCame() {
  notice(`It is ${$("time").textContent} on ${$("date").textContent} now. No message came.`);
}

export function travelling(now) {
  if (now === null) return !$("travelling").hidden;
  $("travelling").hidden = !now;
  document.querySelectorAll(".leap").forEach((button) => button.setAttribute("aria-disabled", String(now)));
  return now;
}
