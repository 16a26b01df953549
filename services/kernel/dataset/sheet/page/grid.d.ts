export interface Layout {
  width: number;
  columns: number;
  cardWidth: number;
  imageHeight: number;
  rowHeight: number;
  gap: number;
  perPart: number;
  parts: number;
}
export declare const MAX_HEIGHT: number;
export declare function layOut(wanted: {
  width: number;
  count: number;
  tiles: number;
  tileSize: number;
  captionHeight: number;
  gap: number;
}): Layout;
export declare function visibleRange(
  layout: Layout,
  window: { part: number; count: number; top: number; height: number },
): { from: number; to: number };
export declare function placeOf(layout: Layout, position: number): { x: number; y: number };
export declare function heightOf(layout: Layout, part: { part: number; count: number }): number;
