// Corrections of the objects of a scene: which strokes each has, and its category.

const NEW = "new";
const NOTHING = { part: "unlabeled", label: "unlabeled", number: NO_NUMBER, score: null, second: null };

/** Return the objects of a scene, new ones among them, with their categories corrected. */
function labelledObjects(d) {
  if (!d.objects) return undefined;
  const fixed = correctionOf(d);
  if (!fixed) return { ...d.objects, categories: d.objects.categories.map((_, i) => labelledCategory(d, i)) };
  const number = Math.max(d.objects.categories.length - 1, ...fixed.moved.values()) + 1;
  const categories = Array.from({ length: number }, (_, i) => labelledCategory(d, i));
  const colours = [...d.objects.colours];
  // A new object has a colour that no other has, as long as there is one.
  while (colours.length < number) {
    const unused = data.objectColours.find((colour) => !colours.includes(colour));
    colours.push(unused ?? data.objectColours[colours.length % data.objectColours.length]);
  }
  return { ...d.objects, categories, colours };
}

/** Make a stroke one of another object, or of none. */
function moveTo(object, stroke, objects) {
  const none = { object: undefined, category: undefined, colour: undefined };
  Object.assign(stroke, none, objectFields(objects, object), { isCorrected: true });
}

/** Take from a stroke what it can't be in its object; `ingest` does the same. */
function settleMoved(fixed, i, stroke, category) {
  const isMoved = fixed.moved.has(i);
  const hasParts = category in data.choices;
  const isOther = isMoved || (stroke.object !== undefined && fixed.objects.has(stroke.object));
  if (!hasParts && isOther) Object.assign(stroke, NOTHING);
  else if (isMoved) stroke.number = isCountable(category, stroke.label) ? "0" : NO_NUMBER;
}

/** Give strokes to an object of their scene, to a new one, or to none. */
function moveStrokes(d, indices, choice) {
  const before = labelledStrokes(d);
  change(d, (fixed) => {
    const { length } = labelledObjects(d).categories;
    const object = choice === NEW ? length : Number(choice);
    // A new object is of the category that its first stroke was of, until another is chosen.
    if (choice === NEW) fixed.objects.set(object, categoryOfStroke(d, before[indices[0]]) || null);
    const found = predictedStrokes(d);
    for (const i of indices) {
      if ((found[i].object ?? -1) === object) fixed.moved.delete(i);
      else fixed.moved.set(i, object);
      fixed.strokes.delete(i);
    }
    forgetEmpty(d, fixed);
    dropForeignLabels(d, fixed, (stroke) => stroke.object === object);
  });
}

/** Forget new objects without strokes, the last first: numbers have no gaps. */
function forgetEmpty(d, fixed) {
  const used = new Set([...fixed.moved.values()]);
  for (const object of [...fixed.objects.keys()]) {
    if (object >= d.objects.categories.length && object > Math.max(...used, -1)) fixed.objects.delete(object);
  }
}

/** Return the objects that have strokes, as options: the number first, which a narrow field shows. */
function objectOptions(d) {
  return objectsOf(labelledStrokes(d))
    .sort((a, b) => a - b)
    .map((object) => [String(object), `${object + 1} ${nameOfKind(labelledCategory(d, object))}`]);
}

function createObjectField(d, i, stroke) {
  const others = [[NEW, "a new object"], ["-1", "no object"]];
  const value = String(stroke.object ?? -1);
  return createSelect(`object of stroke ${i + 1}`, [...objectOptions(d), ...others], value, (choice) =>
    moveStrokes(d, [i], choice),
  );
}

/** Return a line for each object: its category, and another object to join it with. */
function createObjectFields(d) {
  const options = objectOptions(d);
  const strokes = labelledStrokes(d);
  const { colours } = labelledObjects(d);
  return options.map(([key]) => {
    const object = Number(key);
    const name = `object ${object + 1}`;
    const ofObject = strokes.flatMap((stroke, i) => (stroke.object === object ? [i] : []));
    const category = createSelect(`category of ${name}`, categoryOptions(true), labelledCategory(d, object), (choice) =>
      correctCategory(d, object, choice),
    );
    const others = options.filter(([other]) => other !== key);
    const sign = swatch([colours[object], [], 1], "");
    if (!others.length) return createFact(name, sign, category);
    const join = createSelect(`join ${name} with`, [["", "join with …"], ...others], "", (choice) =>
      moveStrokes(d, ofObject, choice),
    );
    return createFact(name, sign, category, " ", join);
  });
}
