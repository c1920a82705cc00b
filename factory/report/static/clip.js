// A clip: its preview, what was decided about it and by which numbers, its way, and its curves.
"use strict";

let run;
begin("clip", async (told) => {
  run = told;
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, .chart, .scroll, video")) return;
    const way = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
    if (way) byId(way)?.click();
  });
  await show();
});

async function show() {
  const id = decodeURIComponent(location.hash.slice(1));
  const part = run.firsts.findLastIndex((first) => first <= id);
  const clip = part < 0 ? null : (await shard(`details-${String(part).padStart(3, "0")}`)).find((each) => each.id === id);
  neighbours(id);
  forgetCharts();
  if (!clip) {
    byId("title").textContent = "No such clip";
    return byId("clip").replaceChildren(h("p", {}, "This report holds no clip of that id. ", h("a", { href: "gallery.html" }, "See all clips")));
  }
  document.title = byId("title").textContent = fileName(clip.source);
  const scene = await sceneOf(clip);
  if (id !== decodeURIComponent(location.hash.slice(1))) return; // another clip by now
  const metric = clip.way && (clip.metres || scene?.tracks);
  byId("clip").replaceChildren(...[head(clip), metric ? metricSpace(clip, scene?.tracks, scene?.mono ? "camera" : "left eye") : space(clip), depthOf(scene), overTime(clip),
    ...clip.phases.toReversed().map(decisions)].filter(Boolean));
}

function neighbours(id) {
  let ids = [];
  try {
    ids = JSON.parse(sessionStorage.getItem("found")) ?? [];
  } catch {
    // nothing is kept for files
  }
  const place = ids.indexOf(id);
  const link = (to, name, text) => to && h("a", { id: name, href: `#${encodeURIComponent(to)}` }, text);
  byId("around").replaceChildren(...(place < 0 ? [] : [
    link(ids[place - 1], "previous", "← previous"), h("span", { class: "dim" }, `${number(place + 1)} of ${number(ids.length)}`),
    link(ids[place + 1], "next", "next →")].filter(Boolean)));
}

const fact = (name, value) => (value == null ? null : [h("dt", {}, name), h("dd", {}, value)]);

function head(clip) {
  const last = clip.phases[clip.phases.length - 1];
  const kind = standing(last.status, run.phases.findIndex((phase) => phase.phase === last.phase), run.phases.length - 1);
  const values = Object.assign({}, ...clip.phases.map((phase) => phase.values));
  const reasons = [...last.reasons, last.values.error].filter(Boolean);
  const eyes = layoutOf(clip) != null;
  const drawn = eyes ? "the left eye's picture" : "what moves is red, tracks of the static world green";
  const preview = clip.preview ? looping(clip, `preview: ${drawn}, below or beside it the camera's way from above`) : placeholder(clip);
  if (clip.preview) {
    preview.controls = true;
    preview.removeAttribute("tabindex");
    if (STILL) preview.src = clip.preview; // it waits to be started
  }
  return h("div", { class: "clip-head" },
    h("div", { class: "clip-media" }, preview, clip.preview ? h("p", { class: "legend" },
      eyes ? null : [h("span", { class: "key stands" }, "static tracks"), h("span", { class: "key moves" }, "moves on its own")],
      h("span", { class: "key way" }, "camera's way, from above")) : null),
    h("div", {},
      h("p", {}, badge(kind, `${STATUS_WORDS[kind] ?? kind} by ${last.phase}`), " ", values.quality ? badge(values.quality) : null),
      reasons.length ? h("ul", { class: "reasons" }, reasons.map((reason) => h("li", {}, reason))) : null,
      h("dl", { class: "facts" },
        fact("failed in", last.values.failed_stage && `${last.values.failed_stage}, ${last.values.error_type}`),
        fact("span", clip.end_s > clip.start_s ? `${number(clip.start_s)} to ${number(clip.end_s)} s` : null),
        fact(eyes ? "eye's picture" : "picture", values.width ? `${values.width} × ${values.height} px` : null),
        fact("camera", values.camera_sentence ?? values.camera_motion),
        eyes ? eyesFacts(clip, values) : fact("predicted error", values.ate_percent_predicted == null ? null : `${number(values.ate_percent_predicted, 2)} % of the path, under ${number(values.ate_percent_bound, 2)} % in 95 of 100`),
        fact("focal length", values.focal_px == null ? null : `${number(values.focal_px)} px${values.focal_reliable ? "" : ", not pinned down"}`),
        fact("reprojection error", values.reprojection_error_px == null ? null : `${number(values.reprojection_error_px, 3)} px`),
        fact("moves on its own", values.dynamic_share == null ? null : percent(values.dynamic_share)),
        depthFacts(values),
        fact("score", values.score == null ? null : number(values.score, 3)),
        fact("source", h("code", {}, clip.source)), fact("id", h("code", {}, clip.id))),
      ...(clip.unread ?? []).map((text) => h("p", { class: "failed-text" }, text))));
}

const NEAR = 10; // extents of the way around its middle in which points are shown: beyond, the way would be a dot
const SHARE = 0.7; // of these, that the view reaches to

function space(clip) {
  if (!clip.way) return null;
  const { xyz, right, look } = clip.way;
  const column = (rows, axis) => rows.map((row) => row[axis]);
  const axes = (rows) => ({ x: column(rows, 0), y: column(rows, 1), z: column(rows, 2) });
  const ends = [0, 1, 2].map((axis) => [Math.min(...column(xyz, axis)), Math.max(...column(xyz, axis))]);
  const extent = Math.max(...ends.map(([low, high]) => high - low));
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const away = (point) => Math.max(...point.map((value, axis) => Math.abs(value - middle[axis])));
  const near = (clip.points?.xyz ?? []).map(away).filter((distance) => distance <= NEAR * extent).sort((a, b) => a - b);
  const reach = extent > 0 ? Math.max(0.75 * extent, near[Math.floor(SHARE * near.length)] ?? 0) : 1;
  const points = (clip.points?.xyz ?? []).map((at, i) => ({ at, rgb: clip.points.rgb[i] })).filter(({ at }) => away(at) <= reach);
  const corners = [];
  const every = Math.max(1, Math.ceil(xyz.length / 10));
  for (let i = 0; i < xyz.length; i += every) corners.push(...frustum(xyz[i], right[i], look[i], extent > 0 ? 0.05 * reach : 0.8));
  const words = extent > 0
    ? `${number(xyz.length)} cameras${points.length ? ` and ${number(points.length)} points of the world near them` : ""}; the way begins at the green dot. Drag to turn, scroll to come closer.`
    : "The camera stays in one place: its directions alone are known. Drag to turn.";
  const around = (axis) => ({ visible: false, showspikes: false, range: [middle[axis] - reach, middle[axis] + reach] });
  const rgb = ({ rgb: parts }) => `rgb(${parts.map(Number).join(",")})`;
  const plain = { type: "scatter3d", hoverinfo: "skip" };
  return h("section", {}, h("h2", {}, "The way in space"), chart("Camera and points", words, () => ({
    data: [
      { ...plain, mode: "markers", ...axes(points.map(({ at }) => at)), marker: { size: 2, opacity: 0.8, color: points.map(rgb) } },
      { ...plain, mode: "lines", ...axes(corners), line: { color: colour("dim"), width: 2 }, connectgaps: false },
      { ...plain, mode: "lines", ...axes(xyz), line: { color: colour("way"), width: 6 } },
      { ...plain, mode: "markers", ...axes(xyz.slice(0, 1)), marker: { size: 5, color: colour("ok") } },
    ],
    layout: { margin: { l: 0, r: 0, t: 0, b: 0 }, dragmode: "orbit", scene: { aspectmode: "cube", xaxis: around(0), yaxis: around(1), zaxis: around(2),
      camera: { up: { x: 0, y: -1, z: 0 }, eye: { x: 0.42, y: -0.46, z: -0.72 } } } },
    config: { scrollZoom: true },
  }), "space"));
}

/** Lines of a pyramid that looks as the camera does, broken by nulls. */
function frustum(at, right, look, size) {
  const down = [look[1] * right[2] - look[2] * right[1], look[2] * right[0] - look[0] * right[2], look[0] * right[1] - look[1] * right[0]];
  const corner = (x, y) => at.map((from, axis) => from + size * (look[axis] + 0.7 * x * right[axis] + 0.45 * y * down[axis]));
  const [a, b, c, d] = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
  return [at, a, b, at, c, d, at, [null, null, null], a, d, [null, null, null], b, c, [null, null, null]];
}

function overTime(clip) {
  const curves = [
    ["Focal length, px", clip.focal_px, (values) => (Math.min(...values) === Math.max(...values) ? `one for all frames: ${number(values[0])} px` : `${number(Math.min(...values))} to ${number(Math.max(...values))} px`)],
    ["Reprojection error, px", clip.error_px, (values) => `mean ${number(mean(values), 3)}, worst frame ${number(Math.max(...values), 3)}`],
    ["Share of the picture that moves on its own", clip.moving, (values) => `mean ${percent(mean(values))}, at most ${percent(Math.max(...values))}`],
  ].filter(([, values]) => values?.some((value) => value != null));
  if (!curves.length) return null;
  return h("section", {}, h("h2", {}, "Over time"), h("div", { class: "charts" }, curves.map(([title, values, words]) =>
    chart(title, words(values.filter((value) => value != null)), () => ({
      data: [{ type: "scatter", mode: "lines", x: clip.t_s, y: values, line: { color: colour("accent"), width: 2 }, hovertemplate: "%{x:.2f} s: %{y:.3g}<extra></extra>" }],
      layout: { xaxis: { title: { text: "s in the source" }, fixedrange: true }, yaxis: { rangemode: "tozero", fixedrange: true, nticks: 5 } },
    })))));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function decisions(phase) {
  const meanings = run.columns[phase.phase] ?? {};
  const asked = new Set(phase.checks.map((check) => check.column));
  const rows = phase.checks.toSorted((a, b) => b.broken - a.broken).map((check) => [
    check.name + (check.criterion ? ` (${check.criterion})` : ""), number(check.value),
    `${check.at_least ? "≥" : "≤"} ${number(check.bound)}`,
    check.value == null ? h("span", { class: "dim" }, "not measured") : check.broken ? badge("rejected", "broken") : badge("ok", "holds"),
    h("span", { class: "dim" }, meanings[check.column] ?? "")]);
  const groups = Object.entries(phase.groups ?? {}).map(([name, value]) => ({ name, value, text: number(value, 2) }));
  const values = Object.entries(phase.values).filter(([name]) => !asked.has(name) && name !== "log")
    .map(([name, value]) => [name, typeof value === "number" || typeof value === "boolean" ? number(value, 5) : String(value), h("span", { class: "dim" }, meanings[name] ?? "")]);
  return h("section", {}, h("h2", {}, phase.phase, " ", badge(phase.status, phase.status)),
    rows.length ? table(`${phase.phase}: numbers and bounds`, ["rule", "value", "bound", "verdict", "meaning"], rows) : null,
    thrownOf(phase),
    groups.length ? [h("h3", {}, "Parts of the score, 0 to 1"), bars(groups)] : null,
    phase.values.log ? h("details", {}, h("summary", {}, "End of the worker's log"), h("pre", { tabindex: "0" }, phase.values.log)) : null,
    values.length ? h("details", {}, h("summary", {}, `${counted(values.length, rows.length ? "other value" : "value")}`), table(`${phase.phase}: other values`, ["column", "value", "meaning"], values)) : null);
}
