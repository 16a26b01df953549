import { make } from './dom.js';
import { formatFigure, toHref } from './text.js';

/** Makes the card of one asset. fillCard adds the facts from its page. */
export function createCard({ head, table }, i) {
  const name = table.names[i];
  const slash = name.lastIndexOf('/') + 1;
  const outcome = table.outcomes[i];
  const picture = make('div', 'picture');
  const title = make(
    'div',
    'name',
    make('span', 'folder', name.slice(0, slash)),
    make('span', 'file', name.slice(slash)),
  );
  const card = make('button', 'card', picture, make('div', 'caption', title, facts(head, table, i)));
  card.type = 'button';
  card.title = name;
  card.dataset.outcome = outcome;
  card.dataset.row = String(i);
  if (table.warned[i]) card.dataset.warned = '';
  return card;
}

function facts(head, table, i) {
  const line = make('div', 'facts');
  if (table.outcomes[i] !== 'succeeded') {
    line.append(make('span', 'reason', table.reasons[i] || table.outcomes[i]));
    return line;
  }
  if (table.warned[i]) line.append(make('span', 'warning', 'warnings'));
  // Counts mean little without their names, and there may be many, so only the details show them.
  head.figures.forEach(({ title, unit }, column) => {
    const value = formatFigure(table.figures[column][i], unit);
    if (value !== '' && unit !== 'count')
      line.append(make('span', '', unit === 'share' ? `${value} ${title.toLowerCase()}` : value));
  });
  return line;
}

/** Puts the thumbnail into a card, or the reason why there is none. */
export function fillCard(card, row, { head, shown }) {
  if (card.dataset.filled === row.id) return;
  card.dataset.filled = row.id;
  const picture = card.querySelector('.picture');
  if (!row.thumbnail) {
    const stage = row.stage === '' ? undefined : make('strong', '', `${row.stage}: `);
    picture.replaceChildren(sayWhy(...(row.message === '' ? ['No image.'] : [stage, row.message])));
    return;
  }
  const image = make('img');
  image.loading = 'lazy';
  image.decoding = 'async';
  image.draggable = false;
  image.alt = shown < 0 ? head.tiles.join(', ') : head.tiles[shown];
  image.onerror = () => picture.replaceChildren(sayWhy('The thumbnail is not there.'));
  if (shown >= 0)
    image.style.objectPosition = `${head.tiles.length < 2 ? 0 : (100 * shown) / (head.tiles.length - 1)}% 0`;
  image.src = toHref(`${head.thumbnails}${row.id.slice(0, 3)}/${row.id}.png`);
  picture.replaceChildren(image);
}

function sayWhy(...words) {
  return make('div', 'why', make('p', '', ...words));
}
