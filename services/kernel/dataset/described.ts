/** A plain JSON object. */
type Json = { [field: string]: unknown };

/** A figure of each asset that reports and sheets show: a number field of the result of `toStats`. */
export interface Figure {
  /** Name of the field in `stats`, without dots. */
  field: string;
  title: string;
  /** Unit in which the figure is shown; a share is 0 to 1. */
  unit: 'count' | 'share' | 'seconds' | 'bytes';
}

/**
 * The contact sheet of a dataset. A product, even of a failure with kept images, has its thumbnail among its `files` at
 * toDatasetPlaces(task.outputUri).thumbnail(task.taskId): a PNG 128 pixels high, with the tiles of the first view in a
 * row.
 */
export interface Sheet {
  /**
   * Returns the names of the tiles from left to right, such as `textured`, for tasks with this spec (protobuf JSON).
   */
  tiles(spec: Json): string[];
}

/** The part of an operation that index, report and contact sheet of its datasets need. */
export interface DescribedOperation {
  /** Name of the operation and of its queue. */
  name: string;
  /** Version that we raise by hand when the content of outputs changes; part of every fingerprint. */
  recipe: number;
  /** One or two sentences for the report on the dataset that say how the work is done. */
  approach: string;
  /** Converts a recorded report into the figures of the index: plain JSON, with numbers as numbers. */
  toStats(report: Json): Json;
  /** Figures that the report shows as histograms and the contact sheet as columns to sort and filter. */
  figures?: Figure[];
  /** Present if tasks write thumbnails; the closing task then writes a contact sheet, index.html. */
  sheet?: Sheet;
}
