import { $, make } from './dom.js';
import { formatFigure, groupFiles, sortImages, toHref, toLabel } from './text.js';

/** Makes the dialog that shows all facts of one asset: its images at full size, its figures, and why it failed. */
export function createDetails({ head, table }) {
  const dialog = $('#details');
  return {
    dialog,
    show(i, row, { first, last }) {
      $('#previous').disabled = first;
      $('#next').disabled = last;
      dialog.dataset.outcome = table.outcomes[i];
      $('#name').textContent = table.names[i];
      $('.badge').textContent = table.outcomes[i];
      const images = row.files.length === 0 ? [] : groupFiles(row.files).map((group) => imagesOf(head, row, group));
      const text = make('div', 'text', ...failure(table.reasons[i], row), factsOf(head, table, i, row), links(row));
      $('.content').replaceChildren(make('div', 'images', ...images), text);
      if (!dialog.open) dialog.showModal();
      // With this focus, the keys scroll the content, and no button looks selected.
      $('.content').focus();
      $('.content').scrollTop = 0;
    },
  };
}

function imagesOf(head, row, { folder, images }) {
  if (images.length === 0) return undefined;
  const figures = sortImages(images, head.tiles).map((file) => {
    const image = make('img');
    image.loading = 'lazy';
    image.alt = toLabel(file);
    const link = make('a', '', image);
    openElsewhere(link, row.folder + file);
    image.src = link.href;
    return make('figure', '', link, make('figcaption', '', toLabel(file)));
  });
  const title = folder === '' ? undefined : make('h3', '', folder.slice(0, -1));
  return make('section', '', title, make('div', 'figures', ...figures));
}

function failure(reason, { message, stage, log, record, warnings }) {
  const parts = [];
  if (reason !== '') {
    const where = stage === '' ? '' : ` at stage ${stage}`;
    parts.push(make('div', 'failure', make('strong', '', reason), where, make('p', '', message)));
  }
  for (const warning of warnings) parts.push(make('p', 'warning', warning));
  if (log.length > 0)
    parts.push(make('h3', '', `Last ${log.length} lines of the log`), make('pre', '', log.join('\n')));
  if (record !== '') parts.push(make('p', '', toLink(record, 'record: all that is known of the failure')));
  return parts;
}

function factsOf(head, table, i, row) {
  const rows = head.figures.map(({ title, unit }, column) => [
    title.toLowerCase(),
    formatFigure(table.figures[column][i], unit),
  ]);
  const stages = row.stages.map(([stage, seconds]) => `${stage} ${formatFigure(seconds, 'seconds')}`).join(', ');
  rows.push(['stages', stages], ['device', row.device], ['attempt', String(row.attempt)]);
  rows.push(
    ['done', row.endTime === '' ? '' : `${row.endTime.replace('T', ' ')} UTC`],
    ['asset', head.base + table.names[i]],
  );
  rows.push(['asset id', row.id]);
  const list = make('dl');
  for (const [name, value] of rows) if (value !== '') list.append(make('dt', '', name), make('dd', '', value));
  return list;
}

function links({ folder, files }) {
  const items = files.map((file) => make('li', '', toLink(folder + file, file)));
  return make('div', '', files.length === 0 ? undefined : make('h3', '', 'Files'), make('ul', 'files', ...items));
}

function toLink(path, text) {
  if (toHref(path) === undefined) return make('span', '', `${text} (${path})`);
  const link = make('a', '', text);
  openElsewhere(link, path);
  return link;
}

function openElsewhere(link, path) {
  const href = toHref(path);
  if (href === undefined) return;
  link.href = href;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
}
