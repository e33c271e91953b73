// Keys: everything that a pointer can do, but for drawing itself.

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Return what a key does on the sheet, or anywhere; undefined where it does nothing. */
function actionOf(event, app) {
  const { key, shiftKey } = event;
  const letter = key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (letter === "z") return () => app.move(shiftKey ? "redo" : "undo");
    return letter === "y" ? () => app.move("redo") : undefined;
  }
  if (event.altKey) return undefined;
  const onSheet = event.target.id === "sheet";
  if (onSheet && STEPS[key]) return () => app.step(STEPS[key]);
  if (onSheet && key === "Enter") return () => app.correctSelected();
  if (onSheet && (key === "Delete" || key === "Backspace") && app.selected !== null) {
    return () => app.remove(app.selected);
  }
  const anywhere = {
    escape: () => app.begin(),
    d: () => app.setMode(false),
    c: () => app.setMode(true),
    m: () => app.drawing.strokes.length && app.mirror(),
    e: () => app.example.show(),
  };
  return anywhere[letter];
}

export function listenToKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select")) return;
    const act = actionOf(event, app);
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.getElementById("sheet").addEventListener("blur", () => app.tip.hide());
}
