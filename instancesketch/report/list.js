// The list of drawings: its order and its layer.

const BATCH = 48;
const list = byId("drawings");
const more = byId("more");
const noun = drawings.length && drawings.every((d) => d.objects) ? "scene" : "drawing";

const confidenceOf = (d) => (d.confidence === undefined ? 1 : d.confidence);

// Which drawing of its category each is, the surest first; counted when it is first asked for.
const turns = new Map();

function turnOf(drawing) {
  if (!turns.size) {
    const counts = new Map();
    for (const d of [...drawings].sort((a, b) => confidenceOf(b) - confidenceOf(a))) {
      counts.set(d.category, (counts.get(d.category) ?? -1) + 1);
      turns.set(d, counts.get(d.category));
    }
  }
  return turns.get(drawing);
}

// The data is sorted: worst first, or without truth least certain first.
const orders = {
  worst: ["worst first", null],
  certain: ["least certain first", (a, b) => confidenceOf(a) - confidenceOf(b)],
  mixed: ["each category in turn", (a, b) => turnOf(a) - turnOf(b) || confidenceOf(b) - confidenceOf(a)],
  id: ["by id", (a, b) => (a.id < b.id ? -1 : 1)],
};
if (!withTruth) delete orders.worst;
if (!drawings.some((d) => d.confidence !== undefined)) delete orders.certain;

let selected = [];
let drawnCount = 0;

function drawMore() {
  const batch = selected.slice(drawnCount, drawnCount + BATCH);
  list.append(...batch.map(createCard));
  drawnCount += batch.length;
  const left = selected.length - drawnCount;
  more.hidden = left === 0;
  more.textContent = `Show more (${left.toLocaleString("en")} left)`;
  // Observe it again: a button that stays in view is not reported a second time.
  endObserver.unobserve(more);
  endObserver.observe(more);
}

// Draw the next cards before scrolling reaches the end.
const endObserver = new IntersectionObserver(
  (entries) => {
    if (entries.some((e) => e.isIntersecting) && !more.hidden) drawMore();
  },
  { rootMargin: "1000px" },
);

// Among thousands of cards, those far away keep their old colours until they come near.
const stale = new Set();
const staleObserver = new IntersectionObserver(
  (entries) => {
    const near = entries.filter((e) => e.isIntersecting && stale.has(e.target));
    near.forEach((e) => refresh(e.target));
  },
  { rootMargin: "1000px" },
);

function refresh(card) {
  stale.delete(card);
  staleObserver.unobserve(card);
  fillCard(card, drawingOf(card));
}

function repaint() {
  const cards = [...list.children];
  const isNear = ({ top, bottom }) => bottom > -1000 && top < innerHeight + 1000;
  const near = cards.filter((card, i) => i < 2 * BATCH || isNear(card.getBoundingClientRect()));
  for (const card of cards) stale.add(card);
  near.forEach(refresh);
  for (const card of stale) staleObserver.observe(card);
}

function updateSelection() {
  const compare = orders[valueOf("order")][1];
  selected = drawings.filter(createFilter());
  if (compare) selected.sort(compare);
  describeSelection(selected);
  describeChoice();
  updateAddress();
  stale.clear();
  staleObserver.disconnect();
  list.replaceChildren();
  drawnCount = 0;
  drawMore();
  drawLegend();
}

/** Return a stroke for each ink that some parts appear in, up to eight instances of each part. */
const sampleStrokes = (parts) =>
  parts.flatMap((part) => {
    // Six inks repeat, so more numbers would explain no further colour.
    const isNumber = (n) => n !== NO_NUMBER;
    const numbers = Object.keys(data.inks[part] || {}).filter(isNumber).slice(0, 8);
    return (numbers.length ? numbers : [NO_NUMBER]).map((number) => ({ part, label: part, number }));
  });

/** Return which parts of the shown categories are counted: each wheel by itself. */
function describeCounted(category) {
  const names = Object.keys(data.legend).filter((name) => category === ALL || name === category);
  const parts = unique(
    names.flatMap((name) => data.legend[name].filter((part) => choicesOf(name).countable.includes(part))),
  );
  if (!canCorrect || !names.length) return "";
  if (!parts.length) return "None of these parts is counted.";
  return `Counted one by one: ${parts.map(wordsOf).sort().join(", ")}. Other parts are not counted.`;
}

// The page's legend is only read: its entries are no buttons, unlike those of a card.
const createLegendEntry = (ink, text) => swatch(ink, text);

function drawLegend() {
  const category = valueOf("category");
  const isSelected = ([name]) => category === ALL || name === category;
  const lines = Object.entries(data.legend).filter(isSelected).map(([name, parts]) => {
    const line = createElement("div");
    const entries = legendOf(sampleStrokes(parts), createLegendEntry);
    line.append(createElement("b", "", nameOf(name)), " ", ...entries);
    return line;
  });
  const bands = createElement("div");
  if (layer === "confidence") bands.append(...legendOfBands(undefined, createLegendEntry));
  const counted = createElement("div", "counted", describeCounted(category));
  byId("lines").replaceChildren(...(layer === "confidence" ? [bands] : [...lines, counted]));
  byId("legend").hidden = Object.keys(data.legend).length === 0 || layer === "object";
}

// --- layers ----------------------------------------------------------------------------------

// Remember the layer for this page, where the browser allows storage.
const storageKey = `instancesketch ${location.pathname}`;

function savedLayer() {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function saveLayer() {
  try {
    localStorage.setItem(storageKey, layer);
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

function setLayer(name) {
  layer = name;
  byId("mark").textContent = MARKS[layer];
}

/** Set the layer as if its radio button had been chosen. */
function switchTo(name) {
  setLayer(name);
  byId("by").querySelector(`[value=${name}]`).checked = true;
}

function onLayerChange(event) {
  setLayer(event.target.value);
  saveLayer();
  updateAddress();
  if (valueOf("verdict") !== ALL) {
    updateSelection(); // each layer has its own mistakes
    return;
  }
  repaint();
  drawLegend();
}

function updateNames() {
  list.classList.toggle("names", byId("names").checked);
}

// While somebody types, the list waits for the end of the word.
let searching;
function onSearch() {
  clearTimeout(searching);
  searching = setTimeout(updateSelection, 120);
}

// --- controls --------------------------------------------------------------------------------

function fillLayers() {
  byId("by").hidden = layers.length < 2;
  setLayer(layers.includes(savedLayer()) ? savedLayer() : layers[0]);
  for (const radio of byId("by").querySelectorAll("input")) {
    radio.parentElement.hidden = !layers.includes(radio.value);
    radio.checked = radio.value === layer;
    radio.addEventListener("change", onLayerChange);
  }
}

function listenToControls() {
  byId("category").addEventListener("change", fillParts);
  for (const id of [...FILTERS, "order"]) byId(id).addEventListener("change", updateSelection);
  byId("names").addEventListener("change", () => {
    updateNames();
    if (byId("names").checked) repaint(); // which writes them
    updateAddress();
  });
  byId("find").addEventListener("input", onSearch);
  byId("clear").addEventListener("click", () => {
    resetFilters();
    updateSelection();
    byId("count").focus({ preventScroll: true }); // the button is hidden now
  });
  byId("cell").addEventListener("click", () => {
    cell = null;
    updateSelection();
    byId("count").focus({ preventScroll: true });
  });
  more.addEventListener("click", drawMore);
  addEventListener("beforeprint", () => [...stale].forEach(refresh));
  addEventListener("hashchange", onAddress);
  listenToCards(list);
  listenToLarge();
  listenToChoice();
  listenToCorrections();
}

function start() {
  fillFilters();
  fillLayers();
  connectTables();
  byId("order").append(...Object.entries(orders).map(([key, [name]]) => createOption(key, name)));
  byId("key").hidden = !withTruth;
  byId("names-label").hidden = layers.length === 0;
  // A phone has little room, and each card lists its own colours.
  byId("legend").open = !onPhone;
  list.classList.toggle("pairs", withTruth);
  list.classList.toggle("scenes", withObjects);
  byId("names").checked = WITH_NAMES; // a browser may have restored another tick
  const open = location.hash.length > 1 ? showView(location.hash) : null;
  updateNames();
  listenToControls();
  updateSelection();
  openView(open);
  performance.mark("interactive"); // all that is there answers now
}

start();
