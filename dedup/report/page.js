"use strict";
// Stories reach the page as text nodes only; what they say is never taken for HTML.

const PAGE = 50; // clusters drawn at once
const KINDS = { exact: 1, near: 2, update: 4 };
const KIND_NAMES = { exact: "word for word", near: "changed", update: "update", first: "first" };
const MOST_WORDS = 400; // compared word by word
const SAME_SHOWN = 12; // words shown on either side of a long stretch that is the same

const byId = (id) => document.getElementById(id);
const list = byId("list"), more = byId("more"), status = byId("status");
const controls = { search: byId("search"), kind: byId("kind"), source: byId("source"), order: byId("order") };
const parts = new Map();
let data, haystack, found = [], drawn = 0;

async function unpack(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function part(number) {
  if (!parts.has(number)) parts.set(number, unpack(`part-${number}`));
  return parts.get(number);
}

const detail = async (place) => (await part(Math.floor(place / data.part)))[place % data.part];

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (className === "title" || className === "text") element.dir = "auto"; // some scripts run right to left
  element.append(...children);
  return element;
}

const plain = (text) => text.normalize("NFKC").toLowerCase();

function time(seconds) {
  if (seconds === null) return "undated";
  const moment = new Date(seconds * 1000);
  return isNaN(moment) ? "undated" : moment.toISOString().slice(0, 16).replace("T", " ");
}

function span(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  if (minutes < 1) return `${Math.round(Math.abs(seconds))} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24).toLocaleString("en")} d`;
}

// The list

function look() {
  const only = /^#cluster-(\d+)$/.exec(location.hash);
  if (only && Number(only[1]) < data.size.length) {
    found = [Number(only[1])];
    draw(true);
    return;
  }
  const terms = plain(controls.search.value).split(/\s+/).filter(Boolean);
  const kind = controls.kind.value, source = controls.source.value === "" ? null : Number(controls.source.value);
  if (terms.length && !haystack) haystack = data.title.map(words);
  found = [];
  for (let place = 0; place < data.size.length; place++) {
    const size = data.size[place];
    if (kind === "alone" ? size > 1 : kind !== "all" && size < 2) continue;
    if (KINDS[kind] && !(data.kinds[place] & KINDS[kind])) continue;
    if (source !== null && !data.sources[place].includes(source)) continue;
    if (terms.every((term) => haystack[place].includes(term))) found.push(place);
  }
  sort();
  draw(false);
}

function words(title, place) {
  const sources = data.sources[place].map((code) => data.names[code]).join(" ");
  return plain(`${title}\n${data.more[place]}\n${sources}`);
}

function sort() {
  const spread = (place) => (data.size[place] > 1 ? data.last[place] - data.first[place] : Infinity);
  const orders = {
    new: (a, b) => (data.last[b] ?? -Infinity) - (data.last[a] ?? -Infinity) || a - b,
    old: (a, b) => (data.first[a] ?? Infinity) - (data.first[b] ?? Infinity) || a - b,
    fast: (a, b) => spread(a) - spread(b) || data.size[b] - data.size[a] || a - b,
    slow: (a, b) => (data.last[b] - data.first[b]) - (data.last[a] - data.first[a]) || a - b,
  };
  if (orders[controls.order.value]) found.sort(orders[controls.order.value]);
}

function draw(alone) {
  list.replaceChildren();
  drawn = 0;
  const count = found.length.toLocaleString("en"), all = data.size.length.toLocaleString("en");
  status.replaceChildren(alone ? "One cluster. " : `${count} of ${all} clusters`);
  if (alone) {
    const back = make("a", "", "Back to the list");
    back.href = "#";
    status.append(back);
  }
  drawMore();
  if (alone) list.querySelector("button").click();
}

function drawMore() {
  const next = found.slice(drawn, drawn + PAGE);
  list.append(...next.map(card));
  drawn += next.length;
  more.hidden = drawn >= found.length;
}

function card(place) {
  const sources = data.sources[place].filter(Boolean).length;
  const told = data.size[place] > 1 && sources > 1 ? `${sources} sources, shown from ` : "";
  const during = data.last[place] > data.first[place] ? `, over ${span(data.last[place] - data.first[place])}` : "";
  const head = make("button", "head",
    make("span", "size", data.size[place].toLocaleString("en")),
    make("span", "title", data.title[place]),
    make("span", "meta", `${told}${data.names[data.source[place]] || "no source"} · ${time(data.first[place])}${during}`));
  head.type = "button";
  head.setAttribute("aria-expanded", "false");
  const item = make("li", "cluster", head);
  item.id = `c${place}`;
  head.addEventListener("click", () => toggle(item, head, place));
  return item;
}

async function toggle(item, head, place) {
  const open = head.getAttribute("aria-expanded") === "true";
  head.setAttribute("aria-expanded", String(!open));
  if (open) {
    item.querySelector(".body")?.remove();
    return;
  }
  const told = await detail(place);
  if (head.getAttribute("aria-expanded") !== "true" || item.querySelector(".body")) return;
  const body = make("div", "body", story(told.shown, null), ...told.others.map((other) => story(other, told.shown)));
  const missing = data.size[place] - told.others.length - 1;
  if (missing > 0) body.append(make("p", "note", `and ${missing.toLocaleString("en")} more, not shown one by one`));
  if (told.similar.length) body.append(similar(told.similar));
  item.append(body);
}

function link(title, url) {
  if (!/^https?:\/\//i.test(url)) return title;
  const anchor = make("a", "", title);
  anchor.href = url;
  anchor.rel = "noopener noreferrer";
  anchor.target = "_blank";
  return anchor;
}

function story(told, shown) {
  const chips = [make("span", "chip", shown ? KIND_NAMES[told.kind] : "shown")];
  if (told.score !== undefined) chips.push(make("span", "chip", `score ${told.score.toFixed(2)}`));
  const later = shown && told.time !== null && shown.time !== null ? told.time - shown.time : 0;
  const when = later ? `${time(told.time)} (${span(later)} ${later > 0 ? "later" : "earlier"})` : time(told.time);
  const meta = make("p", "meta", ...chips, `${data.names[told.source] || "no source"} · ${when} · ${told.id}`);
  const text = told.text === null ? shown.text : told.text;
  const title = make("p", "title", link(told.title || told.id, told.url));
  const block = make("article", "story", title, meta);
  if (!shown) {
    if (text) block.append(make("p", "text", text));
    return block;
  }
  if (told.title !== shown.title) block.append(make("p", "text", ...differences(shown.title, told.title)));
  if (told.text === null || text === shown.text) block.append(make("p", "note", text ? "The text is the same." : ""));
  else block.append(make("p", "text", ...differences(shown.text, text)));
  return block;
}

function similar(stories) {
  const lines = stories.map((told) => {
    let title = link(told.title || told.id, told.url);
    if (told.cluster !== null) {
      title = make("button", "", told.title || told.id);
      title.type = "button";
      title.addEventListener("click", () => { location.hash = `cluster-${told.cluster}`; });
    }
    return make("li", "", title, make("span", "meta", ` ${data.names[told.source]} · ${time(told.time)}`));
  });
  return make("section", "similar", make("h3", "", "Similar news"), make("ul", "", ...lines));
}

// Differences, word by word

// A word with the space behind it, so that a run of other words is one mark; a letter where words have no spaces.
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]\s*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+\s*/gu;

function differences(before, after) {
  const cut = before.endsWith("…") || after.endsWith("…");
  const left = (before.match(WORD) || []).slice(0, MOST_WORDS), right = (after.match(WORD) || []).slice(0, MOST_WORDS);
  const runs = compare(left, right);
  if (cut) while (runs.length && runs[runs.length - 1].tag !== "") runs.pop();
  const marked = runs.map((run, at) => {
    if (run.tag) return [make(run.tag, "", run.words.join("").trimEnd()), " "];
    const told = shorten(run.words, at === 0, at === runs.length - 1);
    return at < runs.length - 1 && !told.endsWith(" ") ? `${told} ` : told;
  }).flat();
  if (cut) marked.push("…");
  return marked;
}

function shorten(same, first, last) {
  const most = 2 * SAME_SHOWN;
  if (same.length <= 2 * most) return same.join("");
  return (first ? "… " : same.slice(0, most).join("") + (last ? "…" : " … ")) + (last ? "" : same.slice(-most).join(""));
}

// Longest common subsequence over the parts between a common beginning and a common end.
function compare(left, right) {
  const before = left.map((word) => word.trimEnd()), after = right.map((word) => word.trimEnd());
  let start = 0, leftEnd = left.length, rightEnd = right.length;
  while (start < leftEnd && start < rightEnd && before[start] === after[start]) start++;
  while (leftEnd > start && rightEnd > start && before[leftEnd - 1] === after[rightEnd - 1]) { leftEnd--; rightEnd--; }
  const rows = leftEnd - start, columns = rightEnd - start, width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      lengths[i * width + j] = before[start + i] === after[start + j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const runs = [];
  const add = (tag, word) => {
    if (runs.length && runs[runs.length - 1].tag === tag) runs[runs.length - 1].words.push(word);
    else runs.push({ tag, words: [word] });
  };
  for (let k = 0; k < start; k++) add("", right[k]);
  let i = 0, j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[start + i] === after[start + j]) { add("", right[start + j]); i++; j++; }
    else if (i < rows && (j >= columns || lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) { add("del", left[start + i]); i++; }
    else { add("ins", right[start + j]); j++; }
  }
  for (let k = rightEnd; k < right.length; k++) add("", right[k]);
  return runs;
}

// Keys

function step(by) {
  const heads = [...list.querySelectorAll(".head")];
  const at = heads.indexOf(document.activeElement?.closest(".cluster")?.querySelector(".head"));
  const next = heads[Math.min(Math.max(at + by, 0), heads.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && event.target === controls.search) { controls.search.value = ""; look(); }
  else if (typing) return;
  else if (event.key === "/") { event.preventDefault(); controls.search.focus(); }
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
});

async function begin() {
  data = await unpack("columns");
  const counts = new Map();
  for (const codes of data.sources) for (const code of codes) counts.set(code, (counts.get(code) || 0) + 1);
  const common = [...counts].filter(([code]) => code).sort((a, b) => b[1] - a[1]).slice(0, 300);
  for (const [code, count] of common) {
    const option = make("option", "", `${data.names[code]} (${count.toLocaleString("en")})`);
    option.value = code;
    controls.source.append(option);
  }
  if (!data.size.some((size) => size > 1)) controls.kind.value = "all";
  let waiting;
  controls.search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(leave, 120); });
  for (const name of ["kind", "source", "order"]) controls[name].addEventListener("change", leave);
  controls.search.form.addEventListener("submit", (event) => { event.preventDefault(); leave(); });
  addEventListener("hashchange", look);
  more.addEventListener("click", drawMore);
  new IntersectionObserver((entries) => { if (entries[0].isIntersecting && !more.hidden) drawMore(); }, { rootMargin: "600px" }).observe(more);
  look();
  document.documentElement.dataset.ready = "yes";
}

function leave() {
  if (location.hash.length > 1) location.hash = ""; // hashchange looks anew
  else look();
}

begin();
