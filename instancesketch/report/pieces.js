// Strokes that run over several parts: each piece in its part's colour, where parts are shown.

/** Return the pieces of a drawing's strokes, by index: `start`, the first point, and `part`. */
const piecesOf = (d, i) =>
  ((d.pieces || {})[i] || []).map(([start, part]) => ({ start, part: data.parts[part] }));

const isMixed = (stroke) => stroke.pieces !== undefined && stroke.pieces.length > 0;

/** Return the parts that a stroke is drawn as, its own first. */
const partsOf = (stroke) => unique([stroke.part, ...(stroke.pieces || []).map(({ part }) => part)]);

/** Return `over body, front leg and tail`. */
function describePieces({ pieces }) {
  const parts = unique(pieces.map(({ part }) => wordsOf(part)));
  return `over ${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** Return a line with the parts of a stroke's pieces, in the order in which they are drawn. */
function createPieceList({ pieces }) {
  const line = createElement("div", "over", "over ");
  line.append(...spaced(pieces.map(({ part }) => swatch(inkOfPart(part), wordsOf(part)))));
  return line;
}

/** Draw a stroke of several parts piece by piece; return its lines, or none of any other stroke.
 *
 * The stroke's own line stays below them, unseen: it has the tooltip.
 */
function drawPieces(d, stroke, line, width) {
  if (layer !== "part" || !isMixed(stroke)) return [];
  const points = line.getAttribute("points").split(" ");
  const ends = [...stroke.pieces.slice(1).map(({ start }) => start), points.length - 1];
  const lines = stroke.pieces.map(({ start, part }, k) => {
    const own = points.slice(start, ends[k] + 1).join(" ");
    const piece = createSvgElement("polyline", { points: own, class: "piece" });
    paint(piece, width, inkOfPart(part));
    return piece;
  });
  line.setAttribute("stroke-opacity", 0);
  line.after(...lines);
  return lines;
}

/** Forget the pieces of a stroke that have no such part in its category. */
function settlePieces(stroke, category) {
  const { labels } = choicesOf(category);
  if (isMixed(stroke) && !stroke.pieces.every(({ part }) => part in labels)) stroke.pieces = [];
}

// --- filter ------------------------------------------------------------------------------------

/** Return whether a drawing has a piece of a part, by index; of any part without one. */
const hasPiece = (d, part) =>
  Object.values(d.pieces || {}).some((own) => part === undefined || own.some(([, of]) => of === part));

/** Offer to find drawings with strokes over several parts, where there are any. */
function fillPieces() {
  setOptions("pieces", drawings.some((d) => hasPiece(d)) ? [createOption("mixed", "over several parts")] : []);
}
