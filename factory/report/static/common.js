// What all pages share: reading shards, building elements, words for numbers. Text enters pages as text nodes alone:
// nothing that a manifest holds is ever read as markup.
"use strict";

const DATA = (self.FACTORY ??= {});
const STATUS_WORDS = { ok: "accepted", rejected: "rejected", failed: "failed", waiting: "not finished" };

/** An element with attributes and children; null and undefined are left out. Functions are listeners. */
function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name === "style") Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(9).filter((child) => child != null && child !== false));
  return made;
}

const byId = (id) => document.getElementById(id);

/** The value of data/<name>.js, which is a script: pages from a disk may not fetch. */
function shard(name) {
  if (name in DATA) return Promise.resolve(DATA[name]);
  return script(`data/${name}.js`).then(() => DATA[name]);
}

const scripts = {};
function script(src) {
  return (scripts[src] ??= new Promise((resolve, reject) => {
    const failed = () => reject(new Error(`${src} cannot be read: write the report again with factory report.`));
    document.head.append(h("script", { src, load: resolve, error: failed }));
  }));
}

/** Calls `show` with the report's overview; what goes wrong stands in the element `place`. */
async function begin(place, show) {
  try {
    const run = await shard("overview");
    byId("where").textContent = run.output;
    await show(run);
  } catch (error) {
    byId(place).textContent = error.message;
    throw error;
  }
}

function number(value, digits = 4) {
  if (value == null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const small = Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6;
  return small ? value.toExponential(2) : String(Number(value.toPrecision(digits)));
}

const percent = (share) => (share == null ? "–" : `${number(100 * share, share > 0.1 ? 2 : 3)} %`);
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

/** As `factory.console.tables.duration` says it. */
function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds < 59.5) return `${number(seconds, seconds < 10 ? 2 : 3)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const fileName = (source) => source.split("/").pop() || source;

/** A clip's standing: its status in the phase it came to, and `waiting` where later phases have not seen it yet. */
const standing = (status, phase, last) => (status === "ok" && phase < last ? "waiting" : status);

const badge = (kind, text = STATUS_WORDS[kind] ?? kind) => h("span", { class: `badge ${kind}` }, text);

/** A table in a box that scrolls by itself, sideways, on narrow screens. */
function table(label, head, rows) {
  const cells = (tag, row) => row.map((cell, place) => {
    const first = place === 0 && tag === "td";
    return h(first ? "th" : tag, { scope: first ? "row" : tag === "th" ? "col" : null }, cell);
  });
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, cells("th", head))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells("td", row))))));
}

/** Lines of a name, a count and a bar as long as its share of the longest. */
function bars(rows, kind = "") {
  const most = Math.max(...rows.map((row) => row.value), 1e-9);
  return h("ul", { class: "bars" }, rows.map((row) => h("li", {},
    h("span", { class: "bar-name" }, row.href ? h("a", { href: row.href }, row.name) : row.name),
    h("span", { class: "bar-value" }, row.text ?? number(row.value)),
    h("span", { class: `bar ${kind}`, style: { width: `${(100 * row.value) / most}%` }, "aria-hidden": "true" }))));
}

const galleryLink = (filters) => `gallery.html#${new URLSearchParams(filters)}`;
