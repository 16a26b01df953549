/** A plain JSON object. */
type Json = { [field: string]: unknown };

/** A figure of each asset that people want to see: a number in what `toStats` gives. */
export interface Figure {
  /** The field of `stats`, without dots. */
  field: string;
  title: string;
  /** How it is written; a share is 0 to 1. */
  unit: 'count' | 'share' | 'seconds' | 'bytes';
}

/**
 * The contact sheet of a dataset. A product (also one of a failure with kept images) has its thumbnail among its `files`, at
 * toDatasetPlaces(task.outputUri).thumbnail(task.taskId): a PNG 128 pixels high, one tile beside the other, of the first view.
 */
export interface Sheet {
  /** What the tiles show, from left to right, for tasks with this spec (protobuf JSON): `textured`, `normal`, ... */
  tiles(spec: Json): string[];
}

/** How an operation describes its datasets: what index, report and contact sheet say of its work. */
export interface DescribedOperation {
  /** Also the name of its queue. */
  name: string;
  /** Raised by hand when the content of outputs changes; part of every fingerprint. */
  recipe: number;
  /** How the work is done, in a sentence or two, for the report on the dataset. */
  approach: string;
  /** The figures of a recorded report as users know them, for the index of the dataset: plain JSON with numbers as numbers. */
  toStats(report: Json): Json;
  /** Histograms of the dataset's report; in its contact sheet columns to sort and filter by. */
  figures?: Figure[];
  /** Where tasks leave thumbnails: the closing task then writes a contact sheet, index.html. */
  sheet?: Sheet;
}
