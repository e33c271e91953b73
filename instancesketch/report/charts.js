// Draw the charts of a page: lines over epochs, and parallel coordinates of a sweep's trials.
//
// Values stand beside the names below a chart rather than in a box over it: so a finger doesn't
// cover them, and the arrow keys do what pointing does.

const charts = JSON.parse(document.getElementById("data").textContent);
const NARROW = 520;

/** Return an element, of HTML unless `tag` is one of SVG's, with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const isSvg = ["svg", "g", "path", "line", "circle", "text", "tspan"].includes(tag);
  const element = isSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return round numbers that span from `low` to `high`, about `many`; whole ones if `whole`. */
function ticks(low, high, many, whole = false) {
  const rough = Math.max((high - low) / many, whole ? 1 : 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
  const first = whole ? Math.ceil(low / step) : Math.floor(low / step);
  const last = whole ? Math.floor(high / step) : Math.ceil(high / step);
  return Array.from({ length: Math.max(1, last - first + 1) }, (_, i) => (first + i) * step);
}

const tickText = (value) => String(Number(value.toPrecision(6)));
const known = (values) => values.filter((v) => v !== null);
const pathOf = (points) =>
  points.map((p, i) => (p ? `${points[i - 1] ? "L" : "M"}${p[0].toFixed(1)} ${p[1].toFixed(1)}` : "")).join("");

/** Draw again whenever the width changes. */
function redraw(box, draw) {
  let width = -1;
  new ResizeObserver(() => {
    // A page that is left has no width for a moment.
    if (box.clientWidth && box.clientWidth !== width) draw((width = box.clientWidth));
  }).observe(box);
}

/** Move by arrow keys through `count` places. */
function byKeys(box, count, get, set) {
  box.addEventListener("keydown", (event) => {
    const now = get();
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: count - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    set(Math.max(0, Math.min(count - 1, to)));
  });
}

/** Fill a figure with a chart of series over epochs. */
function drawLines(figure, chart) {
  const { x, series } = chart;
  const start = Math.max(0, chart.best === null ? x.length - 1 : x.indexOf(chart.best));
  let at = start;
  let picked = null; // the series that is pointed at
  const box = make("div", { class: "canvas", tabindex: 0, role: "group", "aria-label": chart.title });
  const place = make("output");
  const legend = make("ul", { class: "legend" });
  const entries = series.map((one, i) => {
    const line = { d: "M2 4H22", stroke: one.colour, "stroke-dasharray": one.dash };
    const swatch = make("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" }, make("path", line));
    const value = make("b");
    const entry = make("li", {}, swatch, make("span", {}, one.name), value);
    entry.addEventListener("pointerenter", () => pick(i));
    entry.addEventListener("pointerleave", () => pick(null));
    return { entry, value };
  });
  legend.append(...entries.map((e) => e.entry));
  figure.append(box, place, legend);
  let plot = null; // what was drawn last: its SVG's parts and its scales

  function draw(width) {
    const height = width < NARROW ? 210 : 270;
    const [left, right, top, bottom] = [46, width - 12, 10, height - 28];
    const values = series.flatMap((s) => known(s.values));
    const rows = ticks(Math.min(...values), Math.max(...values), 5);
    const [low, high] = [rows[0], rows.length > 1 ? rows[rows.length - 1] : rows[0] + 1];
    const [first, last] = [x[0], x[x.length - 1]];
    const toX = (v) => (last > first ? left + ((v - first) / (last - first)) * (right - left) : (left + right) / 2);
    const toY = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
    for (const v of rows) {
      svg.append(make("line", { class: "grid", x1: left, x2: right, y1: toY(v), y2: toY(v) }));
      svg.append(make("text", { x: left - 6, y: toY(v) + 4, "text-anchor": "end" }, tickText(v)));
    }
    for (const v of ticks(first, last, width / 90, true))
      svg.append(make("text", { x: toX(v), y: bottom + 18, "text-anchor": "middle" }, tickText(v)));
    svg.append(make("text", { x: 0, y: bottom + 18 }, "epoch"));
    if (chart.best !== null)
      svg.append(make("line", { class: "best", x1: toX(chart.best), x2: toX(chart.best), y1: top, y2: bottom }));
    const cursor = make("line", { class: "cursor", y1: top, y2: bottom });
    const drawn = series.map((one) => {
      const points = one.values.map((v, i) => (v === null ? null : [toX(x[i]), toY(v)]));
      const look = { stroke: one.colour, "stroke-dasharray": one.dash, class: one.strong ? "strong" : "" };
      const path = make("path", { d: pathOf(points), ...look });
      const dot = make("circle", { r: 3.5, fill: one.colour });
      // A single epoch has no line, only a dot that stays.
      const only = known(one.values).length === 1 ? points.find((p) => p) : null;
      const group = make("g", {}, path, ...(only ? [make("circle", { r: 3, cx: only[0], cy: only[1], fill: one.colour })] : []), dot);
      return { group, dot, points };
    });
    svg.append(cursor, ...drawn.map((d) => d.group));
    box.replaceChildren(svg);
    plot = { cursor, drawn, toX };
    show();
  }

  function show() {
    place.value = `epoch ${x[at]}${x[at] === chart.best ? " ★ best" : ""}`;
    series.forEach((one, i) => {
      const value = one.values[at];
      entries[i].value.textContent = value === null ? "–" : value.toFixed(chart.digits);
      entries[i].entry.classList.toggle("picked", picked === i);
    });
    if (!plot) return;
    for (const end of ["x1", "x2"]) plot.cursor.setAttribute(end, plot.toX(x[at]));
    plot.drawn.forEach(({ group, dot, points }, i) => {
      group.classList.toggle("faint", picked !== null && picked !== i);
      dot.toggleAttribute("hidden", !points[at]);
      if (points[at]) ["cx", "cy"].forEach((name, k) => dot.setAttribute(name, points[at][k]));
    });
  }

  function pick(i) {
    picked = i;
    show();
  }

  function point(event) {
    const edge = box.getBoundingClientRect();
    const [px, py] = [event.clientX - edge.left, event.clientY - edge.top];
    const away = x.map((v) => Math.abs(plot.toX(v) - px));
    at = away.indexOf(Math.min(...away));
    const gaps = plot.drawn.map(({ points }) => (points[at] ? Math.abs(points[at][1] - py) : Infinity));
    const nearest = gaps.indexOf(Math.min(...gaps));
    picked = series.length > 1 && gaps[nearest] < 14 ? nearest : null;
    show();
  }

  box.addEventListener("pointermove", point);
  box.addEventListener("pointerdown", point);
  box.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "touch") return; // what was touched stays shown
    at = start;
    pick(null);
  });
  byKeys(box, x.length, () => at, (to) => { at = to; show(); });
  redraw(box, draw);
}

/** Fill a figure with parallel coordinates: an axis for each value, a line for each trial. */
function drawParallel(figure, chart) {
  const { axes, lines } = chart; // lines: the best first
  const height = 300, top = 44, bottom = height - 14;
  let picked = 0;
  const box = make("div", { class: "canvas wide", tabindex: 0, role: "group", "aria-label": chart.title });
  const place = make("output");
  figure.append(box, place);
  let paths = [];
  let toX = null;
  const toY = (share) => bottom - share * (bottom - top);

  function draw(room) {
    const width = Math.max(room, 60 + 104 * (axes.length - 1) + 60);
    toX = (i) => 40 + (i * (width - 110)) / Math.max(1, axes.length - 1);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
    paths = lines.map((line, rank) => {
      const points = line.at.map((share, i) => (share === null ? null : [toX(i), toY(share)]));
      const worth = 1 - rank / Math.max(1, lines.length - 1); // of the best 1, of the last 0
      return make("path", { d: pathOf(points), class: "trial", "stroke-opacity": (0.25 + 0.6 * worth).toFixed(2) });
    });
    svg.append(...paths);
    axes.forEach((axis, i) => {
      const names = axis.name.split(/\.(?=[^.]*$)/);
      const text = make("text", { y: names.length > 1 ? 12 : 26, "text-anchor": i ? "middle" : "start", class: "name-of-axis" });
      names.forEach((name, k) =>
        text.append(make("tspan", { x: i ? toX(i) : 4, dy: k ? 14 : 0 }, name)));
      svg.append(text, make("line", { class: "axis", x1: toX(i), x2: toX(i), y1: top, y2: bottom }));
      for (const [share, label] of axis.ticks)
        svg.append(make("text", { x: toX(i) + 6, y: toY(share) + 4, class: "tick" }, label));
    });
    box.replaceChildren(svg);
    show();
  }

  function show() {
    const line = lines[picked];
    place.value = `${line.name}${line.best ? " ★ best" : ""}: ${axes.map((a, i) => `${a.name} ${line.values[i]}`).join(", ")}`;
    paths.forEach((path, i) => path.classList.toggle("picked", i === picked));
    if (paths.length) paths[picked].parentNode.insertBefore(paths[picked], paths[picked].parentNode.querySelector("text"));
  }

  /** Return how far below a line a point is. */
  function distance(line, px, py) {
    const i = Math.max(0, axes.findLastIndex((_, k) => toX(k) <= px));
    const k = Math.min(i + 1, axes.length - 1);
    if (line.at[i] === null || line.at[k] === null) return Infinity;
    const share = k === i ? 0 : Math.max(0, Math.min(1, (px - toX(i)) / (toX(k) - toX(i))));
    return Math.abs(toY(line.at[i] + share * (line.at[k] - line.at[i])) - py);
  }

  function point(event) {
    const edge = box.firstChild.getBoundingClientRect();
    const away = lines.map((line) => distance(line, event.clientX - edge.left, event.clientY - edge.top));
    const nearest = away.indexOf(Math.min(...away));
    picked = away[nearest] < 24 ? nearest : picked;
    show();
  }

  box.addEventListener("pointermove", point);
  box.addEventListener("pointerdown", point);
  byKeys(box, lines.length, () => picked, (to) => { picked = to; show(); });
  redraw(box, draw);
}

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const chart = charts[Number(figure.dataset.chart)];
  (chart.axes ? drawParallel : drawLines)(figure, chart);
}
