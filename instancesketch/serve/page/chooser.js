// The box in which a person corrects a stroke: its part, its side, its instance; in a scene its
// object, and that one's category.

import { describe } from "./labels.js";
import { NEW, NONE } from "./objects.js";

const OTHER = "other"; // of no category of the taxonomy
const GAP = 14; // pixels between the box and what it is about
const SIDES = [["left", "left"], ["right", "right"], ["", "neither"]];

export class Chooser {
  /**
   * box: a `dialog` element; vocabulary: of the model.
   * on: `fix(id, fix)`, `object(id, choice)`, `category(object, name)`, `remove(id)`, `dot()`, `close()`.
   */
  constructor(box, vocabulary, on) {
    Object.assign(this, { box, vocabulary, on, id: null });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      event.stopPropagation(); // keys of the page draw back and forth
    });
  }

  get isOpen() {
    return this.id !== null;
  }

  /** Open the box about a stroke, beside a place on the screen. */
  open(view, known, place, canBeDot) {
    this.id = view.id;
    this.canBeDot = canBeDot;
    this.fill(view, known);
    if (!this.box.open) this.box.show();
    this.#place(place);
    (this.box.querySelector("input:checked") ?? this.box.querySelector("button"))?.focus();
  }

  /** Fill the box.
   *
   * known: `instances`, the number of instances of each part; `objects` of a scene, each with `index`,
   *   `text`, `colour` and the `category` that a person chose for it; null for a plain drawing.
   */
  fill(view, { instances, objects }) {
    const { vocabulary } = this;
    const parts = vocabulary.partsOf(view.category);
    const part = vocabulary.part(view.category, view.part);
    const head = element("p", "about", describe(view, vocabulary));
    const rows = [head];
    if (objects) {
      if (!parts.length) head.textContent = "No part: its object is nothing it knows, or it is of none.";
      rows.push(...this.#objectRows(view, objects));
    } else if (!parts.length) {
      const title = vocabulary.titleOf(view.category);
      head.textContent = view.category
        ? `“${title}” has no parts. Choose what it is among the categories; then name its parts.`
        : "Nothing is known of this stroke yet. Choose what it is among the categories.";
    }
    if (parts.length) {
      rows.push(
        this.#choices("Part", "part", parts.map((p) => [p.name, p.title, p.colour]), view.part, (name) =>
          this.#choose(view, { part: name }, instances),
        ),
      );
    }
    if (part?.sided) {
      rows.push(
        this.#choices("Side, as seen", "side", SIDES, view.side ?? "", (side) =>
          this.#choose(view, { side: side || null }, instances),
        ),
      );
    }
    if (part?.countable) {
      const most = Math.max(instances.get(part.name) ?? 0, view.instance ?? 0) + 1;
      const numbers = Array.from({ length: Math.min(most, 60) }, (_, i) => [`${i + 1}`, `${i + 1}`]);
      numbers.push(["0", "not known"]);
      rows.push(
        this.#choices(`Which ${part.title}`, "instance", numbers, `${view.instance ?? 0}`, (number) =>
          this.#choose(view, { instance: Number(number) }, instances),
        ),
      );
    }
    rows.push(this.#buttons(view));
    // What had the focus is made anew: the choice of the same name gets it.
    const focused = this.box.contains(document.activeElement) ? document.activeElement : null;
    const selector = focused?.name
      ? `input[name="${focused.name}"]:checked, select[name="${focused.name}"]` : null;
    this.box.replaceChildren(...rows);
    if (selector) this.box.querySelector(selector)?.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.id = null;
    this.box.close();
    // Not by the box's own event, which comes later: a key may have chosen another stroke by then.
    this.on.close();
  }

  #choose(view, change, instances) {
    const name = change.part ?? view.part;
    const part = this.vocabulary.part(view.category, name);
    const isSame = name === view.part;
    // Of another part it is a further one, unless the model had found which.
    const found = view.guess?.part === name ? view.guess.instance : (instances.get(name) ?? 0) + 1;
    this.on.fix(view.id, {
      part: name,
      side: isSame && part.sided ? view.side : null,
      instance: part.countable ? (isSame ? view.instance : found) : null,
      ...change,
    });
  }

  /** Return the choice of a stroke's object, and of that object's category. */
  #objectRows(view, objects) {
    const options = objects.map(({ index, text, colour }) => [String(index), text, colour]);
    options.push([NEW, "a new one"], [String(NONE), "none"]);
    const chosen = String(view.object ?? NONE);
    const rows = [
      this.#choices("Object", "object", options, chosen, (value) =>
        this.on.object(view.id, value === NEW ? NEW : Number(value)),
      ),
    ];
    const object = objects.find(({ index }) => index === view.object);
    if (object) rows.push(this.#categoryRow(object));
    return rows;
  }

  #categoryRow({ index, text, category }) {
    const field = element("fieldset", "category");
    const label = element("label", "", `${text} is `);
    const select = element("select");
    select.name = "category";
    const { categories } = this.vocabulary;
    const named = categories.filter(({ parts }) => parts.length).map(({ name, title }) => [name, title]);
    for (const [value, title] of [["", "what the model says"], ...named, [OTHER, this.vocabulary.titleOf(null)]]) {
      select.append(new Option(title, value, false, value === (category ?? "")));
    }
    select.addEventListener("change", () => this.on.category(index, select.value || null));
    label.append(select);
    field.append(label);
    return field;
  }

  #choices(legend, name, options, chosen, choose) {
    const field = element("fieldset", name);
    field.append(element("legend", "", legend));
    for (const [value, text, colour] of options) {
      const label = element("label");
      const input = element("input");
      Object.assign(input, { type: "radio", name, value, checked: value === chosen });
      input.addEventListener("change", () => choose(value));
      label.append(input);
      if (colour) {
        const swatch = element("span", "swatch");
        swatch.style.background = colour;
        label.append(swatch);
      }
      label.append(text);
      field.append(label);
    }
    return field;
  }

  #buttons(view) {
    const row = element("p", "buttons");
    const add = (text, act) => {
      const button = element("button", "", text);
      button.type = "button";
      button.addEventListener("click", act);
      row.append(button);
    };
    if (view.fixed) add("As the model says", () => this.on.fix(view.id, null));
    if (this.canBeDot) add("Put a dot here", () => this.on.dot());
    add("Remove stroke", () => this.on.remove(view.id));
    add("Done", () => this.close());
    return row;
  }

  /** Put the box beside a place, within the window; on phones it lies at the bottom. */
  #place({ clientX, clientY }) {
    const { width, height } = this.box.getBoundingClientRect();
    const fits = (at, size, most) => Math.min(Math.max(at, 8), Math.max(8, most - size - 8));
    const onRight = clientX + GAP + width < innerWidth - 8;
    const left = onRight ? clientX + GAP : clientX - GAP - width;
    this.box.style.setProperty("--left", `${fits(left, width, innerWidth)}px`);
    this.box.style.setProperty("--top", `${fits(clientY - height / 3, height, innerHeight)}px`);
  }
}

function element(tag, className = "", text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
