// Charts by Plotly, which is loaded when the first of them comes near the screen, and drawn in the page's colours.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map();

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    script("plotly.min.js").then(() => draw(target), (error) => (target.textContent = error.message));
  }
}, { rootMargin: "200px" });

dark.addEventListener("change", () => drawn.forEach((_, place) => place.data && draw(place)));

/** A figure with a chart and words that say the same. make: gives traces and layout, when it is time to draw. */
function chart(title, words, make, kind = "") {
  const place = h("div", { class: `chart ${kind}`, "aria-hidden": "true" });
  drawn.set(place, make);
  seen.observe(place);
  return h("figure", { class: kind }, h("figcaption", {}, h("strong", {}, title), words ? h("span", { class: "dim" }, words) : null), place);
}

/** Of a page that shows another clip: browsers have few contexts for pictures in space. */
function forgetCharts() {
  for (const place of drawn.keys()) {
    seen.unobserve(place);
    if (place.data) Plotly.purge(place);
  }
  drawn.clear();
}

function draw(place) {
  const make = drawn.get(place);
  if (!make) return null; // forgotten while Plotly was read
  const { data, layout = {}, config = {} } = make();
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"), automargin: true };
  const all = {
    font: { family: "system-ui, sans-serif", size: 12, color: colour("ink") },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 44, r: 12, t: 8, b: 36 }, showlegend: false, dragmode: false, ...layout,
    xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis },
  };
  return Plotly.react(place, data, all, { displayModeBar: false, responsive: true, ...config });
}

/** Round places on an axis, six at the most: 1, 2, 5, 10, ... or their logarithms' places. */
function ticks(low, high, log) {
  if (log) {
    const decades = Math.log10(high / low);
    const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      found.push(...steps.map((step) => Number(`${step}e${power}`)).filter((value) => value >= low && value <= high));
    }
    return found;
  }
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) * power;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Stacked bars of a histogram of the report. parts: names of its counts, and the colour of each. */
function histogramOf(spread, parts, lines = [], bands = []) {
  const edges = spread.edges;
  const middle = edges.slice(1).map((edge, i) => (spread.log ? Math.sqrt(edge * edges[i]) : (edge + edges[i]) / 2));
  const width = edges.slice(1).map((edge, i) => edge - edges[i]);
  const data = Object.entries(parts).map(([name, kind]) => ({ type: "bar", name, x: middle, y: spread.counts[name],
    width, marker: { color: colour(kind) }, hovertemplate: `%{x:.3g}: %{y} ${name}<extra></extra>` }));
  const at = (value) => (spread.log ? Math.log10(Math.max(value, edges[0])) : value);
  const whole = { yref: "paper", y0: 0, y1: 1 };
  const shapes = [
    ...bands.map(([from, to]) => ({ type: "rect", x0: from, x1: to, ...whole, line: { width: 0 }, fillcolor: colour("band"), layer: "below" })),
    ...lines.map((line) => ({ type: "line", x0: line.value, x1: line.value, ...whole, line: { color: colour("ink"), width: 2, dash: "dash" } })),
  ];
  const annotations = lines.map((line) => ({ x: at(line.value), y: 1, yref: "paper", text: line.text, showarrow: false,
    xanchor: line.left ? "right" : "left", yanchor: "top", xshift: line.left ? -4 : 4, font: { size: 11 } }));
  const most = Math.max(...middle.map((_, i) => Object.keys(parts).reduce((sum, name) => sum + spread.counts[name][i], 0)));
  const tickvals = ticks(edges[0], edges[edges.length - 1], spread.log);
  const range = [at(edges[0]), at(edges[edges.length - 1])];
  return { data, layout: { barmode: "stack", bargap: 0, shapes, annotations,
    xaxis: { type: spread.log ? "log" : "linear", range, fixedrange: true, tickvals, ticktext: tickvals.map((value) => number(value)) },
    yaxis: { fixedrange: true, rangemode: "tozero", ...(most < 5 ? { dtick: 1 } : { nticks: 4 }) } } };
}
