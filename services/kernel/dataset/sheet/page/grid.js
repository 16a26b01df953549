// This module lays out the cards. It does not use the DOM.

/**
 * Longest part in pixels. Browsers lay out nothing below 17 to 33 million pixels, and less if the page is enlarged.
 * Cards that do not fit are on a further part.
 */
export const MAX_HEIGHT = 12_000_000;

/** Lays out cards of equal size that fill a width. */
export function layOut({ width, count, tiles, tileSize, captionHeight, gap }) {
  const least = tiles * tileSize;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const cardWidth = Math.floor((width - gap * (columns - 1)) / columns);
  // A wide card shows larger tiles, up to 1.5 times, since thumbnails have no more pixels.
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

/** Returns the cards of a part, `from` to before `to`, that the window shows, and some before and after them. */
export function visibleRange({ columns, rowHeight, perPart }, { part, count, top, height }) {
  const start = part * perPart;
  const end = Math.min(count, start + perPart);
  const ahead = Math.ceil(height / 2);
  const first = Math.max(0, Math.floor((top - ahead) / rowHeight));
  const last = Math.max(0, Math.ceil((top + height + ahead) / rowHeight));
  return { from: Math.min(end, start + first * columns), to: Math.min(end, start + last * columns) };
}

/** Returns the position of a card in its part. */
export function placeOf({ columns, cardWidth, rowHeight, gap, perPart }, position) {
  const inside = position % perPart;
  return { x: (inside % columns) * (cardWidth + gap), y: Math.floor(inside / columns) * rowHeight };
}

/** Returns the height of a part. */
export function heightOf({ columns, rowHeight, perPart }, { part, count }) {
  const inside = Math.max(0, Math.min(count - part * perPart, perPart));
  return Math.ceil(inside / columns) * rowHeight;
}
