// Drawings as files: SVG and JSON that `ingest` reads, and JSON of this page to go on with.

import { SIDE, fitted, newDrawing, newStroke } from "./drawing.js";
import { boxOf } from "./shared/geometry.js";

const MARGIN = 0.04; // shares of the larger side, as in the package's own pictures
const STROKE_WIDTH = 0.014;
const columnsOf = (strokes) => strokes.map(({ x, y }) => [x, y]);

/** Return the object of Quick, Draw!'s ndjson, with the fields of a corpus and the corrections. */
export function toJson(drawing, views, answer) {
  const shown = drawing.strokes.map((stroke) => views.get(stroke.id));
  const category = answer?.category ?? drawing.category;
  const data = { key_id: drawing.id };
  if (category && !answer?.objects) data.category = category;
  Object.assign(data, { width: SIDE, height: SIDE, drawing: columnsOf(drawing.strokes) });
  if (shown.length && shown.every((view) => view.part)) {
    data.part = shown.map((view) => view.part);
    data.label = shown.map((view) => view.label);
    data.instance = shown.map((view) => view.instance);
  }
  if (answer?.objects) {
    data.object = shown.map((view) => view.object ?? -1);
    data.object_category = answer.objects.map((object) => object.category);
  }
  // Not read by `ingest`: what a person chose, for this page to go on with.
  const [fixes, objects] = ["fix", "object"].map((key) => drawing.strokes.map((stroke) => stroke[key]));
  data.made_with = "instancesketch draw";
  data.chosen = { category: drawing.category, scene: drawing.scene, fixes };
  if (drawing.objects.length) {
    Object.assign(data.chosen, { objects, categories: drawing.objects.map((object) => object.category) });
  }
  return data;
}

/** Return the drawing of an object that `toJson` made; null for any other. */
export function fromJson(data) {
  if (data?.made_with !== "instancesketch draw") return null;
  const { category = null, scene = false, fixes = [], objects = [], categories = [] } = data.chosen ?? {};
  const strokes = readColumns(data.drawing).map(([x, y], i) =>
    newStroke(x, y, readFix(fixes[i]), objects[i] < categories.length ? objects[i] : null),
  );
  const id = typeof data.key_id === "string" ? data.key_id : undefined;
  const chosen = categories.map((name) => ({ category: name }));
  return newDrawing({ ...(id ? { id } : {}), strokes, category, scene: Boolean(scene), objects: chosen });
}

/** Return the drawing of an object of Quick, Draw!'s ndjson, whose labels become corrections.
 *
 * withObjects: a scene keeps its objects.
 */
export function fromQuickDraw(data, vocabulary, withObjects) {
  const category = vocabulary.byName.has(data.category) ? data.category : null;
  const isScene = Boolean(withObjects && data.object);
  const objects = (isScene ? data.object_category : []).map((name) => ({ category: name ?? "other" }));
  const strokes = fitted(readColumns(data.drawing)).map(([x, y], i) => {
    const object = isScene ? data.object[i] : null;
    const whole = isScene ? objects[object]?.category : category;
    const part = whole && data.part ? vocabulary.part(whole, data.part[i]) : null;
    if (!part) return newStroke(x, y, null, object);
    const side = ["left", "right"].find((s) => (data.label?.[i] ?? "").split("-").includes(s));
    const fix = {
      part: part.name,
      side: part.sided ? (side ?? null) : null,
      instance: part.countable ? (data.instance?.[i] ?? 0) : null,
    };
    return newStroke(x, y, fix, object);
  });
  if (isScene) return newDrawing({ strokes, scene: true, objects });
  // Labels are of a category, so that one is given, too.
  return newDrawing({ strokes, category: strokes.some((s) => s.fix) ? category : null });
}

function readFix(fix) {
  if (!fix || typeof fix.part !== "string") return null;
  const { part, side = null, instance = null } = fix;
  return { part, side, instance };
}

function readColumns(drawing) {
  const isList = (values) => Array.isArray(values) && values.every(Number.isFinite);
  const isStroke = (s) => Array.isArray(s) && isList(s[0]) && isList(s[1]) && s[0].length > 0 && s[0].length === s[1].length;
  if (!Array.isArray(drawing) || !drawing.length || !drawing.every(isStroke)) {
    throw new Error("the file holds no drawing that can be read");
  }
  return drawing.map(([x, y]) => [x, y]);
}

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const attributes = (values) =>
  Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => ` ${name}="${escape(value)}"`)
    .join("");

/** Return a picture as the package writes it: `ingest` reads its labels back. */
export function toSvg(drawing, views, answer) {
  const [left, top, right, bottom] = boxOf(drawing.strokes);
  const side = Math.max(right - left, bottom - top) || 1;
  const margin = MARGIN * side;
  const box = [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin];
  const width = STROKE_WIDTH * (side + 2 * margin);
  const objects = answer?.objects?.map((object) => object.category);
  const head = attributes({
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: box.map((value) => Number(value.toFixed(2))).join(" "),
    fill: "none",
    "stroke-width": width.toPrecision(3),
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "data-id": drawing.id,
    "data-category": objects ? null : (answer?.category ?? drawing.category),
    "data-object-category": objects ? JSON.stringify(objects) : null,
  });
  const allNamed = [...views.values()].every((view) => view.part);
  const lines = drawing.strokes.map((stroke) => lineOf(stroke, views.get(stroke.id), allNamed, objects));
  return `<svg${head}>${lines.join("")}</svg>\n`;
}

function lineOf({ x, y }, view, withParts, objects) {
  const pairs = x.map((value, i) => `${value},${y[i]}`);
  const isDot = pairs.length === 1;
  const values = {
    points: (isDot ? [...pairs, ...pairs] : pairs).join(" "),
    stroke: view.colour ?? "#a3a3a3",
    "data-dot": isDot ? "" : null,
    "data-part": withParts ? view.part : null,
    "data-label": withParts ? view.label : null,
    "data-instance": withParts ? view.instance : null,
    "data-object": objects ? (view.object ?? -1) : null,
  };
  const title = view.title ? `<title>${escape(view.title)}</title>` : "";
  return `<polyline${attributes(values)}>${title}</polyline>`;
}

/** Let the browser save a text as a file. */
export function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
