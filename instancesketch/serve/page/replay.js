// Replay a drawing stroke by stroke, as a hand would draw it.

const SECONDS = 3.5; // of the whole drawing, about
const PAUSE = 0.16; // between two strokes, in which a hand moves on
const SLOWEST = 0.05;

const lengthOf = ({ x, y }) =>
  x.reduce((sum, _, i) => (i ? sum + Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]) : 0), 1);

export class Replay {
  /** on: `part(stroke)`, the beginning of a stroke; `stroke(stroke)`, all of it; `end()`. */
  constructor(on) {
    Object.assign(this, { on, left: [] });
  }

  get isRunning() {
    return this.left.length > 0;
  }

  start(strokes) {
    this.stop();
    this.left = [...strokes];
    const total = strokes.reduce((sum, stroke) => sum + lengthOf(stroke), 0);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.speed = still ? Infinity : total / SECONDS;
    this.#next();
  }

  /** Draw all that is left at once. */
  finish() {
    const { left } = this;
    this.stop();
    for (const stroke of left) this.on.stroke(stroke);
    if (left.length) this.on.end();
  }

  /** Draw no further. */
  stop() {
    this.left = [];
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  #next() {
    const [stroke] = this.left;
    if (!stroke) return;
    const began = performance.now();
    const seconds = Math.max(SLOWEST, lengthOf(stroke) / this.speed);
    const step = (now) => {
      const share = (now - began) / 1000 / seconds;
      if (share < 1) {
        const count = Math.max(1, Math.ceil(share * stroke.x.length));
        this.on.part({ x: stroke.x.slice(0, count), y: stroke.y.slice(0, count) });
        this.frame = requestAnimationFrame(step);
        return;
      }
      this.left.shift();
      this.on.stroke(stroke);
      if (!this.left.length) return void this.on.end();
      const pause = this.speed === Infinity ? 0 : PAUSE;
      this.timer = setTimeout(() => this.#next(), 1000 * pause);
    };
    this.frame = requestAnimationFrame(step);
  }
}
