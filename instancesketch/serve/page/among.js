// The categories to choose among: all, or those that a person ticks in a list that can be searched.

const byId = (id) => document.getElementById(id);

export class Among {
  /**
   * categories: of the model, each with `name` and `title`; chosen: names, or null for all.
   * change: called with the names, in the model's order, or null for all.
   */
  constructor(categories, chosen, change) {
    Object.assign(this, { categories, change });
    this.box = byId("among");
    const rows = categories.map(({ name, title }) => {
      const [row, label, tick] = ["li", "label", "input"].map((tag) => document.createElement(tag));
      Object.assign(tick, { type: "checkbox", value: name, checked: chosen?.includes(name) ?? false });
      label.append(tick, " ", title);
      row.append(label);
      row.dataset.words = `${name} ${title}`.toLowerCase();
      return row;
    });
    byId("among-list").replaceChildren(...rows);
    byId("among-list").addEventListener("change", () => this.#take());
    byId("among-find").addEventListener("input", () => this.#find());
    byId("among-open").addEventListener("click", () => this.#open());
    byId("among-all").addEventListener("click", () => this.clear());
    byId("among-done").addEventListener("click", () => this.box.close());
    // A click beside the box's content is one on the box itself.
    this.box.addEventListener("click", ({ target }) => target === this.box && this.box.close());
    this.box.addEventListener("keydown", (event) => event.stopPropagation()); // keys of the page
    this.#describe();
  }

  /** The names of the categories to choose among; null for all. */
  get names() {
    const ticked = this.#ticks().filter(({ checked }) => checked);
    return ticked.length && ticked.length < this.categories.length ? ticked.map(({ value }) => value) : null;
  }

  /** Choose among all again. */
  clear() {
    for (const tick of this.#ticks()) tick.checked = false;
    this.#take();
  }

  #ticks() {
    return [...byId("among-list").querySelectorAll("input")];
  }

  #open() {
    byId("among-find").value = "";
    this.#find();
    this.box.showModal();
  }

  #find() {
    const words = byId("among-find").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of byId("among-list").children) {
      row.hidden = !words.every((word) => row.dataset.words.includes(word));
    }
  }

  #take() {
    this.#describe();
    this.change(this.names);
  }

  #describe() {
    const [number, all] = [this.names?.length, this.categories.length];
    byId("among-open").textContent = number ? `limited to ${number} of ${all} …` : "limit the choice …";
    byId("among-count").textContent = number
      ? `It chooses among ${number} of ${all} categories.`
      : `It chooses among all ${all} categories. Tick some to leave out the others.`;
    byId("among-all").disabled = !number;
  }
}
