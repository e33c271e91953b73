// The categories with their probabilities, as bars that move; a click chooses one.

import { percent } from "./labels.js";

const MOST = 8; // rows, unless all are asked for
const MOVE = { duration: 250, easing: "ease-out" };

export class Bars {
  /** list: an `ol`; more: the button that shows all; choose: called with a category's name. */
  constructor(list, more, categories, choose) {
    Object.assign(this, { list, more, rows: new Map(), showsAll: false, offered: null });
    for (const { name, title } of categories) {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.category = name;
      button.innerHTML = '<span class="title"></span><span class="score"></span><span class="bar"><span></span></span>';
      button.querySelector(".title").textContent = title;
      button.addEventListener("click", () => choose(name));
      row.append(button);
      list.append(row);
      this.rows.set(name, { row, button });
    }
    more.addEventListener("click", () => {
      this.showsAll = !this.showsAll;
      more.setAttribute("aria-expanded", this.showsAll);
      this.#cut();
    });
    this.#cut();
  }

  /** Offer some categories alone, by name; all for null. */
  restrict(names) {
    this.offered = names;
    this.#cut();
  }

  /** Show probabilities, highest first; `chosen` is the category that a person chose, or null. */
  show(scores, chosen) {
    const before = new Map([...this.rows].map(([name, { row }]) => [name, row.offsetTop]));
    const focused = document.activeElement;
    const known = new Map(scores.map(({ name, score }) => [name, score]));
    for (const [name, { button }] of this.rows) {
      const score = known.get(name);
      button.querySelector(".score").textContent = score === undefined ? "" : percent(score);
      button.querySelector(".bar span").style.transform = `scaleX(${score ?? 0})`;
      button.setAttribute("aria-pressed", name === chosen);
    }
    const first = chosen === null ? [] : [chosen];
    // Equal as they are written, they keep their places: bars of 0 % would change without end.
    const rank = (name) => -Math.round(100 * (known.get(name) ?? 0));
    const sorted = [...this.rows.keys()].sort((a, b) => rank(a) - rank(b));
    const order = [...new Set([...first, ...sorted])];
    if (order.some((name, i) => this.list.children[i] !== this.rows.get(name)?.row)) {
      this.list.append(...order.filter((n) => this.rows.has(n)).map((n) => this.rows.get(n).row));
      // A row that is moved loses the focus.
      if (this.list.contains(focused)) focused.focus({ preventScroll: true });
    }
    this.#cut();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const [name, { row }] of this.rows) {
      const moved = before.get(name) - row.offsetTop;
      if (moved && !row.hidden) row.animate({ transform: [`translateY(${moved}px)`, "none"] }, MOVE);
    }
  }

  #cut() {
    const isOffered = (row) => this.offered?.includes(row.firstChild.dataset.category) ?? true;
    const offered = [...this.list.children].filter(isOffered);
    for (const row of this.list.children) row.hidden = true;
    for (const row of this.showsAll ? offered : offered.slice(0, MOST)) row.hidden = false;
    this.more.textContent = this.showsAll ? "show fewer" : `show all ${offered.length}`;
    this.more.hidden = offered.length <= MOST;
  }
}
