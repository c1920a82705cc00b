// Depth of a clip in colours: of stereo video, or of one camera that moves.
"use strict";

/** Tracks and depth of a clip, which lie in a file of their own; null where there are none. */
async function sceneOf(clip) {
  if (!clip.scene) return null;
  await script(`scenes/${encodeURIComponent(clip.scene)}.js`);
  return DATA[clip.scene];
}

function depthOf(scene) {
  if (!scene?.depth) return null;
  const { src, frames, metres, ends, metric } = scene.depth;
  const mono = ends !== undefined;
  const below = mono ? "where each pixel has it from" : "what passes all checks";
  const above = mono ? "depth" : "all that was measured";
  const unit = !mono || metric ? "m" : "units of the poses";
  const [near, far] = mono ? ends : metres;
  return h("section", {}, h("h2", {}, "Depth"),
    h("figure", {}, h("figcaption", {}, h("strong", {}, mono ? "Depth along the camera's axis" : "Distance from the rectified left eye"),
      h("span", { class: "dim" }, `${frames.length > 1 ? "Frames" : "Frame"} ${frames.join(", ")} of the source: above ${above}, below ${below}.`)),
      h("img", { class: "depth", src, alt: `Distances in colours: above ${above}, below ${below}`, loading: "lazy", decoding: "async" }),
      near == null ? null : h("p", { class: "scale" }, h("span", {}, `${number(near, 2)} ${unit} and nearer`), h("span", { class: "turbo", "aria-hidden": "true" }), h("span", {}, `${number(far, 2)} ${unit} and farther`)),
      mono ? h("p", { class: "legend" }, ORIGINS.map(([kind, text]) => h("span", { class: `key ${kind}` }, text))) : null));
}

const ORIGINS = [["sure", "measured, and confirmed by other frames"], ["fused", "measured in other frames"], ["filled", "filled between"],
  ["network", "a network's"], ["nothing", "not known"]];

/** What the depth of one camera's clip is worth, and how long its unit is. */
const depthFacts = (values) => [
  fact("depth", values.sure_ratio == null ? null : [`sure at ${percent(values.sure_ratio)} of the pixels`,
    values.fused_ratio ? `from other frames at ${percent(values.fused_ratio)}` : null, values.filled_ratio ? `filled at ${percent(values.filled_ratio)}` : null,
    values.network_ratio ? `a network's at ${percent(values.network_ratio)}` : null].filter(Boolean).join(", ")),
  fact("unit of length", values.scale_m == null ? null : `${number(values.scale_m, 3)} m, by a network; single frames differ by ${percent(values.scale_spread)}`),
];
