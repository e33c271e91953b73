// Which drawings are shown, in which order, in which layer.

const BATCH = 48;
const list = byId("drawings");
const more = byId("more");
const withTruth = drawings.some((d) => d.truth || d.trueObjects || d.trueCategory !== undefined);
const noun = drawings.length && drawings.every((d) => d.objects) ? "scene" : "drawing";

const certainty = (d) => (d.confidence === undefined ? 1 : d.confidence);

/** What a drawing is found under: its category and the true one, or those of its objects. */
const categoriesOf = (d) =>
  d.objects || d.trueObjects
    ? d.kinds || []
    : unique([d.category, d.trueCategory]).filter((name) => name !== undefined);

// The drawings come sorted: worst first, which without truth is the least certain first.
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
  // Observed anew, because a button that stays in sight is not reported again.
  nearEnd.unobserve(more);
  nearEnd.observe(more);
}

// Scrolling near the end draws the next ones before they are needed.
const nearEnd = new IntersectionObserver(
  (seen) => {
    if (seen.some((s) => s.isIntersecting) && !more.hidden) drawMore();
  },
  { rootMargin: "1000px" },
);

function choose() {
  const category = byId("category").value;
  const only = byId("mistakes").checked;
  const compare = orders[byId("order").value][1];
  chosen = drawings.filter(
    (d) => (category === "*" || categoriesOf(d).includes(category)) && (!only || mistaken(d)),
  );
  if (compare) chosen.sort(compare);
  byId("count").textContent = plural(chosen.length, noun);
  list.replaceChildren();
  drawn = 0;
  drawMore();
  drawLegend(category);
}

/** The strokes that there are of some parts, one of each kind; not more than tell the colours. */
const kinds = (parts) =>
  parts.flatMap((part) => {
    const numbers = Object.keys(data.inks[part] || {}).filter((n) => n !== ANY).slice(0, 8);
    return (numbers.length ? numbers : [ANY]).map((number) => ({ part, label: part, number }));
  });

function drawLegend(category) {
  const lines = Object.entries(data.legend).filter(([name]) => category === "*" || name === category);
  byId("lines").replaceChildren(
    ...lines.map(([name, parts]) => {
      const line = element("div");
      line.append(element("b", "", nameOf(name)), " ", ...legendOf(kinds(parts)));
      return line;
    }),
  );
  byId("legend").hidden = Object.keys(data.legend).length === 0 || by === "object";
}

// --- layers ----------------------------------------------------------------------------------

// Kept for this page; where a browser keeps nothing, the page forgets.
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
    // nothing is kept
  }
}

const MARKS = {
  object: "a stroke that is in a wrong object",
  part: "a stroke whose part is wrong",
  instance: "a stroke whose part or side is wrong",
};

function colourBy(layer) {
  by = layer;
  byId("mark").textContent = MARKS[by];
}

function recolour(event) {
  colourBy(event.target.value);
  remember();
  if (byId("mistakes").checked) {
    choose();
    return;
  }
  [...list.children].forEach((made, i) => fill(made, chosen[i]));
  drawLegend(byId("category").value);
}

function showNames() {
  list.classList.toggle("names", byId("names").checked);
}

// --- controls --------------------------------------------------------------------------------

function option(value, text) {
  const made = element("option", "", text);
  made.value = value;
  return made;
}

function offerCategories() {
  const counts = new Map();
  for (const name of drawings.flatMap(categoriesOf)) counts.set(name, (counts.get(name) || 0) + 1);
  byId("category").append(
    option("*", "all"),
    ...[...counts].sort().map(([name, n]) => option(name, `${nameOf(name)} (${n.toLocaleString("en")})`)),
  );
}

function offerLayers() {
  byId("by").hidden = layers.length < 2;
  colourBy(layers.includes(remembered()) ? remembered() : layers[0]);
  for (const radio of byId("by").querySelectorAll("input")) {
    radio.parentElement.hidden = !layers.includes(radio.value);
    radio.checked = radio.value === by;
    radio.addEventListener("change", recolour);
  }
}

function start() {
  offerCategories();
  offerLayers();
  byId("order").append(...Object.entries(orders).map(([key, [name]]) => option(key, name)));
  byId("mistakes-label").hidden = byId("key").hidden = !withTruth;
  byId("names-label").hidden = !withObjects;
  // A phone has little room, and each card tells its own colours.
  byId("legend").open = matchMedia("(min-width: 521px)").matches;
  list.classList.toggle("pairs", withTruth);
  list.classList.toggle("scenes", withObjects);
  for (const id of ["category", "order", "mistakes"]) byId(id).addEventListener("change", choose);
  byId("names").addEventListener("change", showNames);
  showNames(); // a browser may have kept the tick
  more.addEventListener("click", drawMore);
  if (withObjects) listen(list);
  choose();
}

start();
