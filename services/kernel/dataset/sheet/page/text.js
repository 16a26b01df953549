// This module makes the content of pages readable. It does not use the DOM.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decodes the names of a part; each has `shared` characters in common with the one before. */
export function decodeNames(shared, rest) {
  const names = [];
  let before = '';
  for (let i = 0; i < rest.length; i++) {
    before = before.slice(0, shared[i]) + rest[i];
    names.push(before);
  }
  return names;
}

/** Makes a link to a file from its path relative to index.html; undefined if no link can reach it. */
export function toHref(path) {
  const [up] = /^(?:\.\.\/)*/.exec(path);
  const parts = path.slice(up.length).split('/');
  // No link reaches the URI of another bucket, or a name that a browser resolves as a step.
  if (/^s3:\/\//.test(path) || parts.some((part) => part === '.' || part === '..')) return undefined;
  const encoded = parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/');
  // A slash in front would mean the server's root, and two slashes another server.
  return `${path.startsWith('/') ? './' : up}${encoded}`;
}

/** Writes a whole number with a comma between thousands. */
export function formatCount(value) {
  return Math.round(value).toLocaleString('en-US');
}

/** Writes a figure with its unit; an empty text for no value. */
export function formatFigure(value, unit) {
  if (value === null || value === undefined) return '';
  if (unit === 'share') return `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'seconds') return formatSeconds(value);
  return Number.isInteger(value) ? formatCount(value) : value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

function formatBytes(bytes) {
  const unit = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** unit;
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

function formatSeconds(seconds) {
  if (seconds < 0.1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Names the content of an image from its file name: `render_depth_16.png` becomes `depth 16`. */
export function toLabel(file) {
  const name = file.slice(file.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
  return name.replace(/^render_/, '').replaceAll('_', ' ');
}

/** Groups files by folder, in the order of folders, and separates images from other files. */
export function groupFiles(files) {
  const groups = new Map();
  for (const file of files) {
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    const group = groups.get(folder) ?? { folder, images: [], others: [] };
    groups.set(folder, group);
    (/\.(?:png|jpe?g|webp)$/i.test(file) ? group.images : group.others).push(file);
  }
  return [...groups.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** Sorts images in the order of a sheet's tiles; images without a tile come last. */
export function sortImages(images, tiles) {
  const place = (file) => {
    const at = tiles.indexOf(toLabel(file));
    return at < 0 ? tiles.length : at;
  };
  return [...images].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}
