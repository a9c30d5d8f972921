// What every part of the page uses: its elements, what it knows, and how it asks the server.

export const $ = (id) => document.getElementById(id);
export const [log, scroller, typing, words, send, status, newer] =
  ["log", "scroller", "typing", "words", "send", "status", "newer"].map($);

const LOCALE = "en-GB";

export const chat = { view: "", epoch: "", after: 0, stream: null, failures: 0, zone: undefined, pinned: true, unread: null };

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
}

export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
export const finePointer = () => matchMedia("(pointer: fine)").matches;
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const format = (options, zone = chat.zone) => new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: zone });

// An address as it is from the view that is looked at; one's own has none.
export const seenFrom = (path, view = chat.view) => view ? `${path}${path.includes("?") ? "&" : "?"}as=${view}` : path;

export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const response = await fetch(seenFrom(path), options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.error || "Something went wrong."), { status: response.status });
  return answer;
}

let noticeTimer = 0;
export function notice(text, milliseconds = 6000) {
  clearTimeout(noticeTimer);
  status.textContent = text;
  if (text && milliseconds) noticeTimer = setTimeout(() => { status.textContent = ""; }, milliseconds);
}
