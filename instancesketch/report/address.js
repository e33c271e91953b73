// Filters, order, layer and the opened drawing in the page's address, so that a view can be sent.

const FIELDS = [...FILTERS, "order"];

/** Return what differs from the page as it opens. */
function currentView() {
  const view = new URLSearchParams();
  for (const id of FIELDS) if (valueOf(id) !== byId(id).options[0].value) view.set(id, valueOf(id));
  if (valueOf("find").trim()) view.set("find", valueOf("find").trim());
  if (cell) {
    view.set("true", cellText(cell.true));
    view.set("called", cellText(cell.predicted));
  }
  if (layer !== layers[0]) view.set("by", layer);
  if (byId("names").checked) view.set("names", "1");
  if (opened) view.set("open", opened.id);
  return view;
}

const cellText = (part) => (part === undefined ? "" : data.parts[part]);

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
  cell = null;
  setValue("category", view.get("category"), ALL);
  fillParts();
  for (const id of FILTERS) setValue(id, view.get(id), ALL);
  setValue("order", view.get("order"), byId("order").options[0].value);
  byId("find").value = view.get("find") ?? "";
  const [isTrue, called] = ["true", "called"].map((key) => data.parts.indexOf(view.get(key)));
  if (isTrue >= 0) cell = { true: isTrue, predicted: called < 0 ? undefined : called };
  byId("names").checked = view.has("names");
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
