// Whose chat one looks at: one's own, the facilitator's of a group, or the group's channel.

import { $, ask, chat, notice, words } from "./page.js";
import { clear } from "./transcript.js";

const INTROS = { "": "intro-you", facilitator: "intro-facilitator", channel: "intro-channel" };
const drafts = { "": "", facilitator: "", channel: "", ...keptDrafts() };
let group = null; // as the server tells it; nothing where there can be none

// Where the switch stood before a reload, and what was half written: it stays in this tab, until that is closed.
export function begun() {
  const wanted = location.hash.slice(1);
  if (wanted in INTROS) chat.view = wanted;
  words.value ||= drafts[chat.view];
  addEventListener("pagehide", () => {
    drafts[chat.view] = words.value;
    try { sessionStorage.setItem("drafts", JSON.stringify(drafts)); } catch { /* a browser that keeps nothing */ }
  });
  draw();
}

function keptDrafts() {
  try { return JSON.parse(sessionStorage.getItem("drafts")); } catch { return null; }
}

export async function change(view, connect) {
  if (view === chat.view || opening) return;
  if (view && group?.state !== "ready" && group?.state !== "making") await open();
  drafts[chat.view] = words.value;
  Object.assign(chat, { view, epoch: "", after: 0, live: false, pinned: true, unread: null });
  words.value = drafts[view];
  history.replaceState(null, "", view ? `#${view}` : location.pathname);
  clear();
  draw();
  connect();
}

let opening = false;
async function open() {
  opening = true;
  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
    showGroup((await ask("/chat/group", { zone })).group);
  } finally {
    opening = false;
  }
}

export function showGroup(known) {
  if (known.state === "failed" && group?.state === "making") notice("The group could not be made. A tap on Facilitator tries again.");
  group = known;
  chat.making = known.state === "making";
  draw();
}

function draw() {
  $("views").hidden = !group;
  const ready = group?.state === "ready";
  document.querySelectorAll(".view[data-view]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.view === chat.view));
    if (button.dataset.view === "channel") button.hidden = !ready;
  });
  const reads = chat.view === "channel";
  $("composer").hidden = $("skip").hidden = reads;
  $("read-only").hidden = !reads;
  $("again").hidden = Boolean(chat.view);
  $("join").hidden = Boolean(chat.view) || !ready || !group.join;
  $("join").textContent = `Join ${group?.name || "the group"}`;
  $("join").dataset.says = group?.join ?? "";
  for (const [view, intro] of Object.entries(INTROS)) $(intro).hidden = view !== chat.view;
}
