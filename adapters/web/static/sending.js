// What goes to the server: words, taps, a place; and the dots while an answer is awaited.

import { ask, chat, newId, notice, typing } from "./page.js";
import { addMine, failed, follow } from "./transcript.js";

const PATIENCE = 8000; // ms: not everything is answered, so the dots give up

export async function say(text, id = newId(), row = null) {
  const bubble = row ?? addMine(id, text, chat.now ?? new Date().toISOString());
  bubble.classList.remove("failed");
  bubble.querySelector(".retry")?.remove();
  bubble.classList.add("waiting");
  chat.unread = null;
  waitFor(true);
  try {
    await ask("/chat/say", { text, id });
    bubble.classList.remove("waiting");
  } catch (error) {
    waitFor(false);
    failed(bubble);
    trouble(error);
  }
}

export function trouble(error) {
  notice(error.status ? error.message : "No connection just now. What you wrote is kept here.");
}

let dots = 0;
let patience = 0;
export function waitFor(answer) {
  clearTimeout(dots);
  clearTimeout(patience);
  if (!answer) {
    typing.hidden = true;
    return;
  }
  dots = setTimeout(() => { typing.hidden = false; follow(); }, 300);
  patience = setTimeout(() => { typing.hidden = true; }, PATIENCE);
}

export async function tap(group, button, data, ref) {
  hold(group, button);
  chat.unread = null;
  waitFor(true);
  try {
    await ask("/chat/tap", { data, ref, id: newId() });
    setTimeout(() => release(group), PATIENCE);
  } catch (error) {
    waitFor(false);
    release(group);
    trouble(error);
  }
}

function hold(group, button) {
  group.classList.add("busy");
  button.classList.add("tapped");
  group.querySelectorAll("button").forEach((each) => { each.disabled = true; });
}

export function release(group) {
  group.classList.remove("busy");
  group.querySelectorAll("button").forEach((each) => { each.disabled = false; each.classList.remove("tapped"); });
}

export function shareLocation(group, button) {
  const no = () => { release(group); notice("Your browser did not share it. You can write the name of your city instead."); };
  if (!navigator.geolocation) return no();
  hold(group, button);
  navigator.geolocation.getCurrentPosition(async ({ coords: { latitude, longitude } }) => {
    waitFor(true);
    try {
      await ask("/chat/location", { latitude, longitude });
    } catch (error) {
      trouble(error);
    }
    release(group);
  }, no, { timeout: 15000, maximumAge: 600000 });
}
