// Geometry of strokes that pages share. A stroke has lists `x` and `y` of equal length.

/** Return the distance of a point from a line segment, which may have no length. */
export function distanceToSegment(x, y, fromX, fromY, toX, toY) {
  const [dx, dy] = [toX - fromX, toY - fromY];
  // Without length the division would be by zero.
  const along = ((x - fromX) * dx + (y - fromY) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(Math.max(along, 0), 1);
  return Math.hypot(x - fromX - share * dx, y - fromY - share * dy);
}

/** Return the distance of a point from a stroke. */
export function distanceToStroke(x, y, stroke) {
  let nearest = Math.hypot(x - stroke.x[0], y - stroke.y[0]);
  for (let i = 1; i < stroke.x.length; i++) {
    const distance = distanceToSegment(
      x, y, stroke.x[i - 1], stroke.y[i - 1], stroke.x[i], stroke.y[i],
    );
    nearest = Math.min(nearest, distance);
  }
  return nearest;
}

/** Return the stroke nearest to a point, or null if none is within a distance. */
export function strokeNear(strokes, x, y, within) {
  let [nearest, found] = [within, null];
  for (const stroke of strokes) {
    const distance = distanceToStroke(x, y, stroke);
    if (distance < nearest) [nearest, found] = [distance, stroke];
  }
  return found;
}

/** Return left, top, right and bottom of some strokes; null without strokes. */
export function boxOf(strokes) {
  if (!strokes.length) return null;
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of strokes) {
    for (let i = 0; i < x.length; i++) {
      box[0] = Math.min(box[0], x[i]);
      box[1] = Math.min(box[1], y[i]);
      box[2] = Math.max(box[2], x[i]);
      box[3] = Math.max(box[3], y[i]);
    }
  }
  return box;
}
