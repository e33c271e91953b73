// The list of drawings: its order and its layer.

const BATCH = 48;
const list = byId("drawings");
const more = byId("more");
const noun = drawings.length && drawings.every((d) => d.objects) ? "scene" : "drawing";

const certainty = (d) => (d.confidence === undefined ? 1 : d.confidence);

// The data is sorted: worst first, or without truth least certain first.
const orders = {
  worst: ["worst first", null],
  certain: ["least certain first", (a, b) => certainty(a) - certainty(b)],
  id: ["by id", (a, b) => (a.id < b.id ? -1 : 1)],
};
if (!withTruth) delete orders.worst;
if (!drawings.some((d) => d.confidence !== undefined)) delete orders.certain;

let chosen = [];
let drawn = 0;

function drawMore() {
  const piece = chosen.slice(drawn, drawn + BATCH);
  list.append(...piece.map(card));
  drawn += piece.length;
  const left = chosen.length - drawn;
  more.hidden = left === 0;
  more.textContent = `Show more (${left.toLocaleString("en")} left)`;
  // Observe it again: a button that stays in view is not reported a second time.
  nearEnd.unobserve(more);
  nearEnd.observe(more);
}

// Draw the next cards before scrolling reaches the end.
const nearEnd = new IntersectionObserver(
  (seen) => {
    if (seen.some((s) => s.isIntersecting) && !more.hidden) drawMore();
  },
  { rootMargin: "1000px" },
);

// Among thousands of cards, those far away keep their old colours until they come near.
const stale = new Set();
const soon = new IntersectionObserver(
  (seen) => seen.filter((s) => s.isIntersecting && stale.has(s.target)).forEach((s) => refresh(s.target)),
  { rootMargin: "1000px" },
);

function refresh(made) {
  stale.delete(made);
  soon.unobserve(made);
  fill(made, pictures.get(made)[0].d);
}

function repaint() {
  const all = [...list.children];
  const isNear = ({ top, bottom }) => bottom > -1000 && top < innerHeight + 1000;
  const near = all.filter((made, i) => i < 2 * BATCH || isNear(made.getBoundingClientRect()));
  for (const made of all) stale.add(made);
  near.forEach(refresh);
  for (const made of stale) soon.observe(made);
}

function choose() {
  const compare = orders[asked("order")][1];
  chosen = drawings.filter(wanted());
  if (compare) chosen.sort(compare);
  describe(chosen);
  stale.clear();
  soon.disconnect();
  list.replaceChildren();
  drawn = 0;
  drawMore();
  drawLegend();
}

/** The strokes that there are of some parts, one of each kind; not more than tell the colours. */
const kinds = (parts) =>
  parts.flatMap((part) => {
    const numbers = Object.keys(data.inks[part] || {}).filter((n) => n !== ANY).slice(0, 8);
    return (numbers.length ? numbers : [ANY]).map((number) => ({ part, label: part, number }));
  });

const toRead = (ink, text) => swatch(ink, text);

function drawLegend() {
  const category = asked("category");
  const lines = Object.entries(data.legend).filter(([name]) => category === ALL || name === category);
  const made = lines.map(([name, parts]) => {
    const line = element("div");
    line.append(element("b", "", nameOf(name)), " ", ...legendOf(kinds(parts), toRead));
    return line;
  });
  const bands = element("div");
  if (by === "confidence") bands.append(...legendOfBands(undefined, toRead));
  byId("lines").replaceChildren(...(by === "confidence" ? [bands] : made));
  byId("legend").hidden = Object.keys(data.legend).length === 0 || by === "object";
}

// --- layers ----------------------------------------------------------------------------------

// Remember the layer for this page, where the browser allows storage.
const kept = `instancesketch ${location.pathname}`;

function remembered() {
  try {
    return localStorage.getItem(kept);
  } catch {
    return null;
  }
}

function remember() {
  try {
    localStorage.setItem(kept, by);
  } catch {
    // storage is not allowed
  }
}

const MARKS = {
  object: "a stroke that is in a wrong object",
  part: "a stroke whose part is wrong",
  instance: "a stroke whose part or side is wrong",
  confidence: "a stroke whose part is wrong",
};

function colourBy(layer) {
  by = layer;
  byId("mark").textContent = MARKS[by];
}

/** Colours the page by a layer, as if it had been chosen. */
function switchTo(layer) {
  colourBy(layer);
  byId("by").querySelector(`[value=${layer}]`).checked = true;
}

function recolour(event) {
  colourBy(event.target.value);
  remember();
  if (asked("verdict") !== ALL) {
    choose(); // each layer has its own mistakes
    return;
  }
  repaint();
  drawLegend();
}

function showNames() {
  list.classList.toggle("names", byId("names").checked);
}

// --- controls --------------------------------------------------------------------------------

function offerLayers() {
  byId("by").hidden = layers.length < 2;
  colourBy(layers.includes(remembered()) ? remembered() : layers[0]);
  for (const radio of byId("by").querySelectorAll("input")) {
    radio.parentElement.hidden = !layers.includes(radio.value);
    radio.checked = radio.value === by;
    radio.addEventListener("change", recolour);
  }
}

function listenToControls() {
  byId("category").addEventListener("change", offerParts);
  for (const id of [...FILTERS, "order"]) byId(id).addEventListener("change", choose);
  byId("names").addEventListener("change", showNames);
  byId("clear").addEventListener("click", () => {
    showAll();
    choose();
    byId("count").focus({ preventScroll: true }); // the button is hidden now
  });
  byId("case").addEventListener("click", () => {
    theCase = null;
    choose();
    byId("count").focus({ preventScroll: true });
  });
  more.addEventListener("click", drawMore);
  addEventListener("beforeprint", () => [...stale].forEach(refresh));
  listen(list);
}

function start() {
  offerFilters();
  offerLayers();
  offerCases();
  byId("order").append(...Object.entries(orders).map(([key, [name]]) => option(key, name)));
  byId("key").hidden = !withTruth;
  byId("names-label").hidden = layers.length === 0;
  // A phone has little room, and each card lists its own colours.
  byId("legend").open = !onPhone;
  list.classList.toggle("pairs", withTruth);
  list.classList.toggle("scenes", withObjects);
  showNames(); // a browser may have restored the tick
  listenToControls();
  choose();
}

start();
