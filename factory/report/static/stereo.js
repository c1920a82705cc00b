// What the page of a stereo clip has besides: how the eyes are held, its tracks in the world, what its depth was held by.
"use strict";

const layoutOf = (clip) => clip.phases.find((phase) => phase.layout)?.layout;

const PROJECTIONS = { half_equirect: "half a sphere each, equirectangular", fisheye: "fisheye", rectified: "rectified" };

function eyesFacts(clip, values) {
  const layout = layoutOf(clip);
  const degrees = (name) => number(Number((values[name] ?? 0).toFixed(3)));
  return [
    fact("eyes", layout && [layout.arrangement.replaceAll("_", " "), layout.swapped ? "the right one first" : "the left one first",
      `${PROJECTIONS[layout.projection] ?? layout.projection}${layout.across_deg ? ` and ${number(layout.across_deg, 3)}° wide` : ""}`].join(", ")),
    fact("baseline", values.baseline_m == null ? null : `${number(1000 * values.baseline_m, 3)} mm: taken, not measured`),
    fact("right eye", values.rig_yaw_deg == null ? null : `yaw ${degrees("rig_yaw_deg")}°${values.rig_yaw_deg ? "" : " (taken)"}, pitch ${degrees("rig_pitch_deg")}°, roll ${degrees("rig_roll_deg")}° to the left one`),
    fact("way", values.path_m == null ? null : values.camera_motion === "moving" ? `${number(values.path_m, 3)} m at ${number(values.speed_m_s, 2)} m/s` : "within its noise"),
    fact("distance of things", values.distance_m == null ? null : `${number(values.distance_m, 2)} m in the median`),
    fact("predicted error", values.ate_m_predicted == null ? null : [`${number(1000 * values.ate_m_predicted, 2)} mm`,
      values.ate_percent_predicted == null ? null : `${number(values.ate_percent_predicted, 2)} % of the path`,
      values.scale_percent_predicted == null ? null : `scale ${number(values.scale_percent_predicted, 2)} %`].filter(Boolean).join(", ")),
    fact("depth", values.confident_ratio == null ? null : `trusted at ${percent(values.confident_ratio)} of the pixels`),
    fact("tracks", values.static_track_count == null ? null : `${number(values.track_count)}: ${number(values.static_track_count)} stand, ${number(values.moving_track_count)} move`),
  ];
}

/** Ranges of a cube, three [low, high], that holds the way and most of the points around it. */
function box(xyz, points) {
  const ends = [0, 1, 2].map((axis) => {
    const sorted = points.map((point) => point[axis]).sort((a, b) => a - b);
    const inner = sorted.length ? [sorted[Math.floor(0.06 * sorted.length)], sorted[Math.ceil(0.94 * sorted.length) - 1]] : [];
    const all = [...xyz.map((point) => point[axis]), ...inner];
    return [Math.min(...all), Math.max(...all)];
  });
  const half = 0.525 * Math.max(...ends.map(([low, high]) => high - low), 1e-6);
  return ends.map(([low, high]) => [(low + high) / 2 - half, (low + high) / 2 + half]);
}

const columns3 = (rows) => ({ x: rows.map((row) => row[0]), y: rows.map((row) => row[1]), z: rows.map((row) => row[2]) });

/** The way, what stands and what moves in metres; tracks are null where the world phase has kept none. */
function metricSpace(clip, tracks, eye) {
  const { xyz, right, look } = clip.way;
  const still = tracks?.static ?? clip.points?.xyz ?? [];
  const moving = tracks?.moving ?? [];
  const ranges = box(xyz, [...still, ...moving.flat()]);
  const wide = ranges[0][1] - ranges[0][0];
  const inside = (point) => point.every((value, axis) => value >= ranges[axis][0] && value <= ranges[axis][1]);
  const corners = [];
  const every = Math.max(1, Math.ceil(xyz.length / 10));
  for (let i = 0; i < xyz.length; i += every) corners.push(...frustum(xyz[i], right[i], look[i], 0.03 * wide));
  const lines = moving.flatMap((line) => [...line.filter(inside), [null, null, null]]);
  const labelled = !tracks || tracks.counts[0] + tracks.counts[1] > 0;
  const seen = !labelled ? `${number(still.length)} of ${counted(tracks.counts[2], "track")}, of which nobody said whether they move` : tracks
    ? `${number(still.length)} of ${counted(tracks.counts[0], "track")} that stand, ${number(moving.length)} of ${number(tracks.counts[1])} that move`
      + (tracks.counts[2] ? `; ${number(tracks.counts[2])} are neither for certain, and not drawn` : "")
    : `${counted(still.length, "point")} of what stands`;
  const words = `${counted(xyz.length, "place")} of the ${eye}, from the large dot on; ${seen}. The cube is ${number(wide, 2)}${clip.metres ? " m" : eye === "camera" ? " units of the poses" : ""} wide. Drag to turn, scroll to come closer.`;
  const axis = (range) => ({ visible: false, showspikes: false, range });
  const plain = { type: "scatter3d", hoverinfo: "skip" };
  return h("section", {}, h("h2", {}, tracks ? "Tracks in the world" : "The way in space"),
    chart(`The ${eye}'s way, and points`, words, () => ({
      data: [
        { ...plain, mode: "markers", ...columns3(still.filter(inside)), marker: { size: 2, opacity: 0.7, color: colour(labelled ? "stands" : "accent") } },
        { ...plain, mode: "lines", ...columns3(lines), line: { color: colour(labelled ? "moves" : "accent"), width: 4 }, connectgaps: false },
        { ...plain, mode: "lines", ...columns3(corners), line: { color: colour("dim"), width: 2 }, connectgaps: false },
        { ...plain, mode: "lines", ...columns3(xyz), line: { color: colour("way"), width: 6 } },
        { ...plain, mode: "markers", ...columns3(xyz.slice(0, 1)), marker: { size: 5, color: colour("way") } },
      ],
      layout: { margin: { l: 0, r: 0, t: 0, b: 0 }, dragmode: "orbit", scene: { aspectmode: "cube", xaxis: axis(ranges[0]), yaxis: axis(ranges[1]), zaxis: axis(ranges[2]),
        camera: { up: { x: 0, y: -1, z: 0 }, eye: { x: 0.7, y: -0.6, z: -1.1 } } } },
      config: { scrollZoom: true },
    }), "space"),
    h("p", { class: "legend" }, labelled && still.length ? h("span", { class: "key stands" }, "stands") : null, labelled && moving.length ? h("span", { class: "key moves" }, "moves") : null, h("span", { class: "key way" }, `the ${eye}'s way`)),
    clip.metres && moves(clip) ? h("div", { class: "charts" }, fromAbove(xyz), away(clip)) : null);
}

/** Whether the way is more than noise. */
const moves = (clip) => clip.phases.some((phase) => phase.values.camera_motion === "moving");

function fromAbove(xyz) {
  const { x, z } = columns3(xyz);
  const line = { type: "scatter", x, y: z, hovertemplate: "x %{x:.3f} m, z %{y:.3f} m<extra></extra>" };
  const reach = [x, z].map((values) => number(Math.max(...values) - Math.min(...values), 3));
  return chart("The way from above, m", `${reach[0]} m to the side, ${reach[1]} m ahead`, () => ({
    data: [{ ...line, mode: "lines", line: { color: colour("way"), width: 3 } },
      { ...line, mode: "markers", x: x.slice(0, 1), y: z.slice(0, 1), marker: { size: 9, color: colour("way") } }],
    layout: { xaxis: { title: { text: "x" }, fixedrange: true, nticks: 6 }, yaxis: { title: { text: "z" }, scaleanchor: "x", fixedrange: true, nticks: 5 } },
  }));
}

function away(clip) {
  const { xyz } = clip.way;
  const times = clip.t_s.filter((_, i) => clip.registered[i]);
  const metres = xyz.map((at) => Math.hypot(...at.map((value, axis) => value - xyz[0][axis])));
  return chart("Distance from the first place, m", `at most ${number(Math.max(...metres), 3)} m`, () => ({
    data: [{ type: "scatter", mode: "lines", x: times, y: metres, line: { color: colour("accent"), width: 2 }, hovertemplate: "%{x:.2f} s: %{y:.3f} m<extra></extra>" }],
    layout: { xaxis: { title: { text: "s in the source" }, fixedrange: true }, yaxis: { rangemode: "tozero", fixedrange: true, nticks: 5 } },
  }));
}

/** Bars of a phase that measured depth: what each check threw away. */
const thrownOf = (phase) => (phase.thrown?.length
  ? [h("h3", {}, "What each check of depth throws away"),
    h("p", { class: "dim" }, `Shares of all pixels; one may fail several checks. ${percent(phase.values.confident_ratio)} pass all of them.`),
    bars(phase.thrown.toSorted((a, b) => b[1] - a[1]).map(([name, value]) => ({ name, value, text: percent(value) })), "rejected")]
  : null);
