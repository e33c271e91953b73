// Filters, order, layer and the opened drawing in the page's address, so that a view can be sent.

const FIELDS = [...FILTERS, "order"];
// Names of a scene's objects would cover its strokes; they are on the page beside it.
const WITH_NAMES = !withObjects;

/** Return what differs from the page as it opens. */
function currentView() {
  const view = new URLSearchParams();
  for (const id of FIELDS) if (valueOf(id) !== byId(id).options[0].value) view.set(id, valueOf(id));
  if (valueOf("find").trim()) view.set("find", valueOf("find").trim());
  if (cell) {
    const [true_, called] = CELL_FIELDS[cell.of];
    view.set(true_, cellText(cell.true));
    view.set(called, cellText(cell.predicted));
  }
  if (layer !== layers[0]) view.set("by", layer);
  const { checked } = byId("names");
  if (checked !== WITH_NAMES) view.set("names", checked ? "1" : "0");
  if (opened) view.set("open", opened.id);
  return view;
}

// Of the cell of a matrix: what it is, and what it was called.
const CELL_FIELDS = { part: ["true", "called"], category: ["true-category", "called-category"] };
const cellText = (key) =>
  key === undefined ? "" : cell.of === "category" ? key : data.parts[key];

/** Return the cell of a view; null without one. */
function cellOf(view) {
  const [part, called] = CELL_FIELDS.part.map((key) => data.parts.indexOf(view.get(key)));
  if (part >= 0) return { of: "part", true: part, predicted: called < 0 ? undefined : called };
  const [category, calledCategory] = CELL_FIELDS.category.map((key) => view.get(key));
  return category && { of: "category", true: category, predicted: calledCategory || undefined };
}

function updateAddress() {
  const address = `#${currentView()}`;
  // Replaced, since nobody wants to go back through every filter.
  if (address !== (location.hash || "#")) history.replaceState(null, "", address);
}

function setValue(id, value, fallback) {
  byId(id).value = value ?? fallback;
  if (byId(id).selectedIndex < 0) byId(id).value = fallback; // an option that this page hasn't
}

/** Show the view of an address. */
function showView(hash) {
  const view = new URLSearchParams(hash.slice(1));
  cell = cellOf(view);
  setValue("category", view.get("category"), ALL);
  fillParts();
  for (const id of FILTERS) setValue(id, view.get(id), ALL);
  setValue("order", view.get("order"), byId("order").options[0].value);
  byId("find").value = view.get("find") ?? "";
  byId("names").checked = view.has("names") ? view.get("names") === "1" : WITH_NAMES;
  const by = view.get("by");
  if (layers.includes(by)) switchTo(by);
  return view.get("open");
}

function openView(id) {
  const d = id === null ? undefined : drawings.find((other) => other.id === id);
  if (d) openLarge(d);
  else if (large.open) large.close();
}

function onAddress() {
  if (location.hash === `#${currentView()}`) return;
  const id = showView(location.hash);
  if (!layers.includes(new URLSearchParams(location.hash.slice(1)).get("by"))) switchTo(layers[0]);
  updateNames();
  updateSelection();
  openView(id);
}
