// The gallery: filters and sorts the lines of all shards, and shows as many cards as were asked for.
"use strict";

const PAGE = 48; // cards that are added at a time
const RANK = { gold: 0, silver: 1, bronze: 2 };
const SORTS = {
  accepted: ["accepted first", null],
  score: ["score, highest first", (a, b) => down(a.score, b.score)],
  error: ["predicted error, least first", (a, b) => up(a.ate_percent_predicted, b.ate_percent_predicted)],
  quality: ["quality, best first", (a, b) => up(RANK[a.quality], RANK[b.quality]) || up(a.ate_percent_predicted, b.ate_percent_predicted)],
  name: ["name", (a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : up(a.start_s, b.start_s))],
  length: ["longest first", (a, b) => down(a.end_s - a.start_s, b.end_s - b.start_s)],
};
const up = (a, b) => (a == null ? (b == null ? 0 : 1) : b == null ? -1 : a - b);
const down = (a, b) => (a == null || b == null ? up(a, b) : b - a);

const CONTROLS = ["text", "status", "phase", "quality", "reason", "sort"];
let run, clips = [], found = [], shown = 0, passed = false;

begin("count", async (told) => {
  run = told;
  options();
  restore();
  for (let part = 0; part < run.shards; part++) {
    clips = clips.concat(lines(await shard(`clips-${String(part).padStart(3, "0")}`)));
    update(clips.length < run.clips);
  }
  if (!run.shards) update(false);
  const form = byId("filters");
  form.addEventListener("input", () => changed());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  byId("more").addEventListener("click", () => more());
  new IntersectionObserver((entries) => entries[0].isIntersecting && more(), { rootMargin: "600px" }).observe(byId("more"));
  addEventListener("hashchange", () => (restore(), update()));
});

function options() {
  const fill = (id, rows) => byId(id).replaceChildren(...rows.map(([value, text]) => h("option", { value }, text)));
  fill("status", [["", "any"], ...Object.entries(STATUS_WORDS)]);
  fill("phase", [["", "any phase"], ...run.phases.map((phase, place) => [String(place), phase.phase])]);
  fill("quality", [["", "any"], ...Object.keys(RANK).map((name) => [name, name])]);
  fill("reason", [["", "any"], ...[...run.words].sort().map((word) => [word, word])]);
  fill("sort", Object.entries(SORTS).map(([name, [text]]) => [name, text]));
}

/** The address holds the filters: going back from a clip finds them again, and they can be sent to somebody. */
function restore() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const id of CONTROLS) byId(id).value = given.get(id) ?? (id === "sort" ? "accepted" : "");
  passed = given.has("passed");
}

function changed() {
  passed = false;
  const set = CONTROLS.map((id) => [id, byId(id).value]).filter(([id, value]) => value && !(id === "sort" && value === "accepted"));
  history.replaceState(null, "", `#${new URLSearchParams(set)}`);
  update();
}

function update(reading = false) {
  const last = run.phases.length - 1;
  const [text, status, phase, quality, reason] = CONTROLS.map((id) => byId(id).value);
  const wanted = text.toLowerCase();
  const word = run.words.indexOf(reason);
  found = clips.filter((clip) => {
    if (status && standing(clip.status, clip.phase, last) !== status) return false;
    // Through a link of the funnel: those that passed the phase, wherever they ended.
    if (passed ? !(clip.phase > Number(phase) || (clip.phase === Number(phase) && clip.status === "ok")) : phase && clip.phase !== Number(phase)) return false;
    if (quality && clip.quality !== quality) return false;
    if (reason && !clip.reasons.includes(word)) return false;
    return !wanted || [clip.source, clip.id, ...clip.reasons.map((place) => run.words[place])].some((each) => each.toLowerCase().includes(wanted));
  });
  const order = SORTS[byId("sort").value]?.[1];
  if (order) found.sort(order);
  byId("count").textContent = `${number(found.length)} of ${counted(run.clips, "clip")}${passed ? ` that passed ${run.phases[phase].phase}` : ""}${reading ? ", reading more …" : ""}`;
  byId("cards").replaceChildren();
  shown = 0;
  remember();
  more();
}

function more() {
  byId("cards").append(...found.slice(shown, shown + PAGE).map((clip) => card(clip, run)));
  shown = Math.min(shown + PAGE, found.length);
  byId("more").hidden = shown >= found.length;
}

/** For the pages of the clips: which one comes before and which behind. */
function remember() {
  try {
    sessionStorage.setItem("found", JSON.stringify(found.map((clip) => clip.id)));
  } catch {
    // Where a browser keeps nothing for files, pages of clips have no neighbours.
  }
}
