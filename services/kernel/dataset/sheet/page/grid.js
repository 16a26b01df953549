// Where cards lie. No DOM.

/** Browsers lay out nothing below 17 to 33 million pixels, fewer where the page is enlarged; what does not fit is on a further part. */
export const MAX_HEIGHT = 12_000_000;

/** Lays out so many cards in a width: all of one size, as wide as they fit. */
export function layOut({ width, count, tiles, tileSize, captionHeight, gap }) {
  const least = tiles * tileSize;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const cardWidth = Math.floor((width - gap * (columns - 1)) / columns);
  // A card that has room shows larger tiles, up to what a thumbnail can bear.
  const imageHeight = Math.floor(Math.min(cardWidth / tiles, tileSize * 1.5));
  const rowHeight = imageHeight + captionHeight + gap;
  const perPart = Math.max(1, Math.floor(MAX_HEIGHT / rowHeight)) * columns;
  return {
    width,
    columns,
    cardWidth,
    imageHeight,
    rowHeight,
    gap,
    perPart,
    parts: Math.max(1, Math.ceil(count / perPart)),
  };
}

/** The cards of a part, `from` up to `to`, that a window of a scrolled page shows, and a bit before and after. */
export function visibleRange({ columns, rowHeight, perPart }, { part, count, top, height }) {
  const start = part * perPart;
  const end = Math.min(count, start + perPart);
  const ahead = Math.ceil(height / 2);
  const first = Math.max(0, Math.floor((top - ahead) / rowHeight));
  const last = Math.max(0, Math.ceil((top + height + ahead) / rowHeight));
  return { from: Math.min(end, start + first * columns), to: Math.min(end, start + last * columns) };
}

/** Where a card lies in its part. */
export function placeOf({ columns, cardWidth, rowHeight, gap, perPart }, position) {
  const inside = position % perPart;
  return { x: (inside % columns) * (cardWidth + gap), y: Math.floor(inside / columns) * rowHeight };
}

/** The height of a part. */
export function heightOf({ columns, rowHeight, perPart }, { part, count }) {
  const inside = Math.max(0, Math.min(count - part * perPart, perPart));
  return Math.ceil(inside / columns) * rowHeight;
}
