// Previews: cards of the gallery, and videos that play only while they are seen.
"use strict";

const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) {
      target.pause();
      continue;
    }
    if (target.dataset.poster) target.poster = target.dataset.poster;
    delete target.dataset.poster;
    if (STILL) continue;
    if (!target.src) target.src = target.dataset.src;
    target.play().catch(() => {}); // a browser that refuses to play shows the poster
  }
}, { rootMargin: "120px" });

/** A looping preview without sound. Nothing of it is loaded before it comes near the screen. */
function looping(clip, label) {
  const video = h("video", { "data-src": clip.preview, "data-poster": clip.poster, preload: "none", loop: true,
    playsinline: true, "aria-label": label, tabindex: "-1" });
  video.muted = true; // as an attribute it counts only in markup that is parsed
  watcher.observe(video);
  return video;
}

/** What stands where there is no preview, of clips that no camera was looked for in: a still, or words. */
const placeholder = (clip) => (clip.poster
  ? h("img", { src: clip.poster, alt: "", loading: "lazy", decoding: "async" })
  : h("div", { class: "no-preview" }, "no picture"));

/** clip: a line of the gallery. words: what its reasons count in. */
function card(clip, run) {
  const kind = standing(clip.status, clip.phase, run.phases.length - 1);
  const reason = clip.reasons.map((place) => run.words[place]).join("; ");
  const error = clip.ate_percent_predicted == null ? null : `predicted ${number(clip.ate_percent_predicted, 2)} % off`;
  const score = clip.score == null ? null : `score ${number(clip.score, 2)}`;
  const numbers = [error, score].filter((each) => each != null).join(" · ");
  const span = clip.end_s > clip.start_s ? `${number(clip.start_s, 3)}–${number(clip.end_s, 3)} s` : null;
  return h("li", {}, h("a", { class: "card", href: `clip.html#${encodeURIComponent(clip.id)}` },
    clip.preview ? looping(clip, "") : placeholder(clip),
    h("span", { class: "card-text" },
      h("span", { class: "card-head" },
        h("strong", {}, fileName(clip.source)), badge(kind), clip.quality ? badge(clip.quality) : null),
      h("span", { class: "dim" }, [span, numbers].filter(Boolean).join(" · ")),
      reason ? h("span", { class: "card-reason" }, reason) : null)));
}

/** Lines of shards, whose columns lie apart, as objects. */
function lines(part) {
  const names = Object.keys(part);
  return part.id.map((_, place) => Object.fromEntries(names.map((name) => [name, part[name][place]])));
}
