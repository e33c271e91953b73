// Choose drawings by ticks, or all that pass the filters, and take their ids along.

const ticked = new Set(); // ids

/** Return the ids of the ticked drawings, or without any of all that pass the filters. */
const chosenIds = () =>
  ticked.size ? drawings.map((d) => d.id).filter((id) => ticked.has(id)) : selected.map((d) => d.id);

function createTick(d) {
  const tick = createElement("input", "tick");
  tick.type = "checkbox";
  tick.checked = ticked.has(d.id);
  tick.setAttribute("aria-label", `choose ${d.id}`);
  return tick;
}

function describeChoice() {
  const number = chosenIds().length.toLocaleString("en");
  const ids = chosenIds().length === 1 ? "id" : "ids";
  byId("copy").textContent = `copy ${number} ${ids}`;
  byId("save").textContent = `save ${number} ${ids}`;
  byId("untick").hidden = !ticked.size;
  byId("untick").textContent = `untick ${ticked.size.toLocaleString("en")}`;
  list.classList.toggle("ticking", ticked.size > 0);
}

function onTick({ target }) {
  if (!target.matches(".tick")) return;
  const { id } = drawingOf(target.closest(".card"));
  if (target.checked) ticked.add(id);
  else ticked.delete(id);
  describeChoice();
}

function untickAll() {
  ticked.clear();
  for (const tick of list.querySelectorAll(".tick")) tick.checked = false;
  describeChoice();
  byId("copy").focus();
}

// A file of ids has one on each line, so that `export --ids` can read it.
const textOfIds = () => chosenIds().map((id) => `${id}\n`).join("");

async function copyIds() {
  const button = byId("copy");
  const number = chosenIds().length;
  let text = `copied ${plural(number, "id")}`;
  try {
    await navigator.clipboard.writeText(textOfIds());
  } catch {
    text = "the browser forbids copying: save them";
  }
  button.textContent = text;
  setTimeout(describeChoice, 2000);
}

/** Let the browser save a text as a file. */
function download(name, text, type) {
  const link = createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // Released once the browser has begun to save it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function listenToChoice() {
  list.addEventListener("change", onTick);
  byId("copy").addEventListener("click", copyIds);
  byId("save").addEventListener("click", () => download("ids.txt", textOfIds(), "text/plain"));
  byId("untick").addEventListener("click", untickAll);
}
