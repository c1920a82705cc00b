// The run: what came of the sources, why, how good it is and what it cost.
"use strict";

const BEST = 4; // previews that are seen first: a row of a screen

begin("lead", async (run) => {
  const [first, last] = [run.phases[0], run.phases[run.phases.length - 1]];
  document.title = `Report: ${fileName(run.output)}`;
  byId("title").textContent = `${counted(last.ok, last === first ? "clip" : "accepted clip")} of ${counted(first.sources, "source")}`;
  byId("lead").replaceChildren(...lead(run, first));
  funnel(run);
  why(run);
  if (run.quality) quality(run.quality);
  if (run.labels) labels(run.labels);
  if (run.costs.length) costs(run);
  if (run.features?.length) features(run.features);
  if (run.measured.some((one) => one.features.length)) measured(run.measured);
  if (run.runs.length) runs(run.runs);
  if (run.shards) best(lines(await shard("clips-000")), run);
});

function lead(run, first) {
  const told = [`${counted(first.sources, "source")} gave ${counted(first.ok, "clip")}.`];
  for (const phase of run.phases.slice(1)) told.push(`${number(phase.ok)} of ${number(phase.rows)} passed ${phase.phase}.`);
  const tiers = run.quality?.tiers.filter((tier) => tier.clips).map((tier) => `${number(tier.clips)} ${tier.name}`);
  if (tiers?.length) told.push(`Quality of the poses: ${tiers.join(", ")}.`);
  return [told.join(" "), " ", h("a", { href: "gallery.html" }, `See all ${counted(run.clips, "clip")}`)];
}

function best(clips, run) {
  const some = clips.filter((clip) => clip.preview && standing(clip.status, clip.phase, run.phases.length - 1) === "ok");
  byId("best").replaceChildren(...some.slice(0, BEST).map((clip) => card(clip, run)));
}

function funnel(run) {
  const rows = run.phases.map((phase, place) => {
    const shares = ["ok", "rejected", "failed"].filter((kind) => phase[kind]);
    const bar = h("span", { class: "stack", "aria-hidden": "true" }, shares.map((kind) =>
      h("span", { class: `bar ${kind}`, style: { width: `${(100 * phase[kind]) / Math.max(run.phases[0].rows, 1)}%` } })));
    const count = (kind) => phase[kind]
      ? h("a", { href: galleryLink(kind === "ok" ? { phase: place, passed: 1 } : { phase: place, status: kind }) }, number(phase[kind]))
      : "0";
    return [phase.phase, number(phase.rows), count("ok"), count("rejected"), count("failed"),
      percent(phase.ok / phase.rows), duration(phase.kept_s), bar];
  });
  byId("funnel").replaceWith(table("From sources to clips",
    ["phase", "came in", "ok", "rejected", "failed", "kept", "of video", "share of all"], rows));
}

function why(run) {
  const lost = run.phases.flatMap((phase, place) => [["rejected", phase.reasons], ["failed", phase.errors]]
    .filter(([, rows]) => rows.length)
    .map(([kind, rows]) => h("div", {}, h("h3", {}, `${phase.phase}: ${kind}`),
      bars(rows.map(([name, value]) => ({ name, value, href: galleryLink({ phase: place, reason: name }) })), kind))));
  byId("why").replaceChildren(...(lost.length ? lost : [h("p", {}, "No clip was lost.")]));
}

function quality(told) {
  const tiers = told.tiers.map((tier) => h("li", { class: `tier ${tier.name}` },
    h("span", { class: "figure" }, number(tier.clips)), h("a", { href: galleryLink({ quality: tier.name }) }, tier.name),
    h("span", { class: "dim" }, `${tier.told}${tier.accepted ? "" : ", not accepted"}`)));
  tiers.push(h("li", { class: "tier" }, h("span", { class: "figure" }, number(told.refused)), "no tier",
    h("span", { class: "dim" }, "refused, or failed before a camera was found")));
  const ends = told.tiers.filter((tier) => tier.ate_percent != null).map((tier) => ({ value: tier.ate_percent, text: tier.name, left: true }));
  const words = told.error.known
    ? `${counted(told.error.known, "clip")} with a moving camera; median of the accepted ${number(told.median_accepted, 2)} %.${ends.length ? " Lines: the upper bounds of the tiers." : ""}`
    : "";
  byId("quality").replaceChildren(...[
    h("ul", { class: "tiers" }, tiers),
    told.error.known ? chart("Predicted position error, % of the path", words,
      () => histogramOf(told.error, { accepted: "ok", refused: "rejected" }, ends), "wide") : null,
    h("h3", {}, "How the cameras move"), bars(told.motions.map(([name, value]) => ({ name, value }))),
  ].filter(Boolean));
  byId("s-quality").hidden = false;
}

function labels(told) {
  const good = told.videos.filter((video) => video.suitable).length;
  const words = `${counted(told.videos.length, "labelled video")} of ${told.file}, ${number(good)} suitable: precision ${number(told.precision, 2)}, recall ${number(told.recall, 2)}, average precision ${number(told.average_precision, 3)}.`;
  const wrong = told.videos.filter((video) => video.suitable !== video.accepted)
    .map((video) => [video.file, video.suitable ? "suitable, rejected" : "unsuitable, accepted", number(video.score, 3), video.suitable ? video.reasons.join("; ") : video.why]);
  byId("labels").replaceChildren(
    chart("Precision and recall of the filter's score", words, () => ({
      data: [
        { type: "scatter", mode: "lines", x: told.curve.recall, y: told.curve.precision, line: { shape: "vh", color: colour("accent") }, hovertemplate: "recall %{x:.2f}, precision %{y:.2f}<extra></extra>" },
        { type: "scatter", mode: "markers", x: [told.recall], y: [told.precision], marker: { size: 11, color: colour("ok") }, hovertemplate: "verdict<extra></extra>" },
      ],
      layout: { xaxis: { title: { text: "recall" }, range: [0, 1.02], fixedrange: true }, yaxis: { title: { text: "precision" }, range: [0, 1.02], fixedrange: true } },
    }), "wide"),
    ...(told.notes.length ? [h("details", {}, h("summary", {}, counted(told.notes.length, "note")), told.notes.map((note) => h("p", { class: "dim" }, note)))] : []),
    ...(wrong.length ? [h("h3", {}, "Where the filter and the labels differ"), table("Differences from the labels", ["video", "how", "score", "why"], wrong)] : []));
  byId("s-labels").hidden = false;
}

function costs(run) {
  const rows = run.costs.map((cost) => [cost.phase, number(cost.made), duration(cost.wall_s), number(cost.per_hour, 3),
    duration(cost.cpu_s), duration(cost.cpu_s_each), duration(cost.cpu_s_ok), cost.gpu_s ? duration(cost.gpu_s) : "–"]);
  byId("cost").replaceChildren(
    table("Speed and cost", ["phase", "done", "time", "an hour", "CPU", "CPU each", "CPU per ok", "GPU"], rows),
    h("div", { class: "columns" }, run.costs.filter((cost) => cost.stages.length).map((cost) =>
      h("div", {}, h("h3", {}, `${cost.phase}: time of each stage`),
        bars(cost.stages.map(([name, value]) => ({ name, value, text: duration(value) })))))));
  byId("s-cost").hidden = false;
}

function spreads(told) {
  return told.map((feature) => {
    const rules = feature.bounds.map((bound) => `${bound.at_least ? "at least" : "at most"} ${number(bound.value)}: ${counted(bound.broken, "clip")} beyond`);
    const words = [feature.meaning, `median ${number(feature.median, 3)} of ${counted(feature.known, "clip")}`, ...rules].filter(Boolean).join("; ");
    const worth = feature.worth ?? [];
    const bands = worth.slice(1).flatMap(([value, points], i) => (points === worth[i][1] ? [] : [[worth[i][0], value]]));
    const lines = feature.bounds.map((bound) => ({ value: bound.value, text: bound.at_least ? "least" : "most", left: !bound.at_least }));
    return chart(feature.name, words, () => histogramOf(feature, { passed: "ok", rejected: "rejected" }, lines, bands));
  });
}

function features(told) {
  byId("features").replaceChildren(...spreads(told));
  byId("s-features").hidden = false;
}

function measured(told) {
  byId("measured").replaceChildren(...told.filter((one) => one.features.length).flatMap((one) =>
    [h("h3", {}, one.phase), h("div", { class: "charts" }, spreads(one.features))]));
  byId("s-measured").hidden = false;
}

function runs(told) {
  byId("runs").replaceChildren(...told.map((one) => h("details", {},
    h("summary", {}, `${one.run_id}: ${one.phases.join(", ")} in ${duration(one.wall_s)}, ${one.engine} on ${one.host}, ${counted(one.workers, "worker")}`),
    h("pre", { tabindex: "0" }, one.config))));
  byId("s-runs").hidden = false;
}
