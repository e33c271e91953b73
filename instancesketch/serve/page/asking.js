// One question to the model at a time, about the newest drawing; late answers are dropped.

export class Asker {
  /**
   * ask: resolves to the answer about a drawing.
   * show: called with a drawing and its answer, unless a newer drawing waits.
   * fail: called with an error, unless a newer drawing waits.
   */
  constructor(ask, show, fail) {
    Object.assign(this, { ask, show, fail, waiting: null, isBusy: false });
  }

  /** Ask about a drawing, in place of one that still waits. */
  async about(drawing) {
    this.waiting = drawing;
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.waiting) {
      const asked = this.waiting;
      this.waiting = null;
      try {
        const answer = await this.ask(asked);
        // An answer about fewer strokes than there are by now would be wrong for a moment.
        if (!this.waiting) this.show(asked, answer);
      } catch (error) {
        if (!this.waiting) this.fail(error);
      }
    }
    this.isBusy = false;
  }
}
