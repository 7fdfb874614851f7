// history.js — undo and redo of the settings, fifty steps.
//
// A step is the whole set of values: small, and impossible to get wrong. A drag of a slider is one step, for it is
// recorded when it ends.

const MOST = 50;

export class History {
  constructor(first) {
    this.steps = [first];
    this.at = 0;
  }

  record(step) {
    if (JSON.stringify(step) === JSON.stringify(this.steps[this.at])) return;
    this.steps = [...this.steps.slice(0, this.at + 1), step].slice(-(MOST + 1));
    this.at = this.steps.length - 1;
  }

  get canUndo() { return this.at > 0; }

  get canRedo() { return this.at < this.steps.length - 1; }

  // The step to return to, or null.
  undo() { return this.canUndo ? this.steps[--this.at] : null; }

  redo() { return this.canRedo ? this.steps[++this.at] : null; }
}
