import { toHref } from './text.js';

const MOST_PAGES = 400;

/**
 * Reads names and pages of rows. They are scripts that call a function with their content, since a page on file:// may
 * read nothing else.
 */
export function createPages(head, onProblem) {
  const waiting = new Map();
  const pages = new Map();

  window.cycloramaSheet = (kind, index, stamp, body) => {
    if (stamp !== head.stamp) onProblem('This contact sheet has been written again. Reload the page.');
    else waiting.get(`${kind}-${index}`)?.(body);
  };

  function load(kind, index) {
    const key = `${kind}-${index}`;
    return new Promise((resolve) => {
      const script = document.createElement('script');
      const done = (body) => {
        waiting.delete(key);
        script.remove();
        resolve(body);
      };
      waiting.set(key, done);
      script.onerror = () => {
        onProblem(`${script.src.split('?')[0]} cannot be read.`);
        done(undefined);
      };
      script.src = `${toHref(head.pages)}${kind}-${String(index).padStart(5, '0')}.js?${head.stamp}`;
      document.head.append(script);
    });
  }

  return {
    names: (index) => load('names', index),
    /** Returns a page if it has been read; otherwise reads it and then calls `onPage`. */
    rows(index, onPage) {
      if (!pages.has(index)) {
        pages.set(index, undefined);
        load('rows', index).then((page) => {
          if (page === undefined) pages.delete(index);
          else pages.set(index, page);
          if (pages.size > MOST_PAGES) pages.delete(pages.keys().next().value);
          if (page !== undefined) onPage();
        });
      }
      return pages.get(index);
    },
  };
}

/** Unpacks a row of a page. */
export function unpackRow(page, position) {
  const [id, folder, files, thumbnail, endTime, device, stages, rare = {}] = page.rows[position];
  return {
    id,
    folder,
    files: page.files[files],
    thumbnail: thumbnail === 1,
    endTime,
    device: page.devices[device],
    stages: stages.map((seconds, i) => [page.stages[i], seconds]).filter(([, seconds]) => seconds !== null),
    attempt: 1,
    message: '',
    stage: '',
    warnings: [],
    record: '',
    log: [],
    ...rare,
  };
}
