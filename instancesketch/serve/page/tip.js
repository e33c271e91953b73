// A line beside a stroke: its name with its score, and the second guess.

const AWAY = 14; // pixels from what it is about
const ABOVE = 40;
const EDGE = 8;

export class Tip {
  constructor(box) {
    this.box = box;
  }

  hide() {
    this.box.hidden = true;
  }

  /** Show a text beside a place on the screen. */
  show(text, { clientX, clientY }) {
    this.box.hidden = false;
    this.box.textContent = text;
    const { width } = this.box.getBoundingClientRect();
    const left = Math.max(EDGE, Math.min(clientX + AWAY, innerWidth - width - EDGE));
    this.box.style.setProperty("--left", `${left}px`);
    this.box.style.setProperty("--top", `${Math.max(EDGE, clientY - ABOVE)}px`);
  }
}
