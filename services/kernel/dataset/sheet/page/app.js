import { createCard, fillCard } from './card.js';
import { createControls, describe, readState, toHash, writeState } from './controls.js';
import { createDetails } from './details.js';
import { $ } from './dom.js';
import { heightOf, layOut, placeOf, visibleRange } from './grid.js';
import { createPages, unpackRow } from './pages.js';
import { parseQuery, selectRows } from './query.js';
import { decodeNames, formatCount } from './text.js';

const OUTCOMES = ['succeeded', 'failed', 'skipped'];
const GAP = 14;
const CAPTION = 44;
/** Side of the smallest tile in pixels, if all tiles are shown and if one is. */
const TILE = { all: 116, one: 148 };

const head = JSON.parse($('#head').textContent);
const table = { names: [], outcomes: [], reasons: [], warned: [], figures: head.figures.map(() => []) };
const state = { query: '', outcome: '', by: -1, descending: false, shown: -1, part: 0 };
const cards = new Map();
const pages = createPages(head, (problem) => {
  $('#problem').textContent = problem;
  $('#problem').hidden = false;
});
const details = createDetails({ head, table });
let rows = [];
let layout;
/** The shown part: the wanted one, or the last one until the names up to it are read. */
let shownPart = 0;
let open = -1;

/** Adds a part of the names to the table. */
function takeNames({ shared, rest, outcomes, warned, reasons, figures }) {
  for (const name of decodeNames(shared, rest)) table.names.push(name);
  for (const digit of outcomes) table.outcomes.push(OUTCOMES[digit]);
  for (const digit of warned) table.warned.push(digit === '1');
  for (const place of reasons) table.reasons.push(head.reasons[place]?.name ?? '');
  figures.forEach((values, column) => {
    for (const value of values) table.figures[column].push(value);
  });
}

/** Finds the rows that pass the filter, and draws them from the top. */
function select() {
  const { test, problems } = parseQuery(state.query, head.figures);
  const { outcome } = state;
  const wanted = (all, i) =>
    (outcome === '' || all.outcomes[i] === outcome || (outcome === 'warnings' && all.warned[i])) && test(all, i);
  rows = selectRows(table, table.names.length, wanted, state);
  $('#mistake').textContent = problems.join('; ');
  $('#empty').hidden = rows.length > 0 || table.names.length < head.rows;
  say();
  arrange();
}

function say() {
  const [found, known] = [formatCount(rows.length), table.names.length];
  const reading = known < head.rows ? `, ${formatCount(known)} of ${formatCount(head.rows)} names read` : '';
  $('#found').textContent = `${found} ${rows.length === 1 ? 'asset' : 'assets'}${reading}`;
}

/** Lays the cards out again, for another width, other rows or other tiles. */
function arrange() {
  const tiles = state.shown < 0 ? Math.max(1, head.tiles.length) : 1;
  const tileSize = state.shown < 0 ? TILE.all : TILE.one;
  const width = $('#grid').clientWidth;
  layout = layOut({ width, count: rows.length, tiles, tileSize, captionHeight: CAPTION, gap: GAP });
  shownPart = Math.min(state.part, layout.parts - 1);
  $('#grid').dataset.shown = tiles > 1 ? 'all' : 'one';
  const { style } = $('#grid');
  style.height = `${heightOf(layout, { part: shownPart, count: rows.length })}px`;
  style.setProperty('--tiles', tiles);
  style.setProperty('--picture', `${layout.imageHeight}px`);
  style.setProperty('--card-width', `${layout.cardWidth}px`);
  $('#parts').hidden = layout.parts < 2;
  $('#part').textContent = `part ${shownPart + 1} of ${layout.parts}`;
  for (const card of cards.values()) card.remove();
  cards.clear();
  draw();
}

/** Adds the cards in the window to the page, and removes the others. */
function draw() {
  const top = -$('#grid').getBoundingClientRect().top;
  const { from, to } = visibleRange(layout, { part: shownPart, count: rows.length, top, height: innerHeight });
  for (const [position, card] of cards) {
    if (position >= from && position < to) continue;
    card.remove();
    cards.delete(position);
  }
  for (let position = from; position < to; position++) {
    if (!cards.has(position)) {
      const card = createCard({ head, table }, rows[position]);
      const { x, y } = placeOf(layout, position);
      card.style.transform = `translate(${x}px, ${y}px)`;
      card.onclick = () => show(position);
      cards.set(position, card);
      $('#grid').append(card);
    }
    const row = rowAt(rows[position], drawSoon);
    if (row !== undefined) fillCard(cards.get(position), row, { head, shown: state.shown });
  }
}

let drawing = false;
function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function rowAt(i, onPage) {
  const page = pages.rows(Math.floor(i / head.rowsPerPage), onPage);
  return page && unpackRow(page, i % head.rowsPerPage);
}

function show(position) {
  if (position < 0 || position >= rows.length) return;
  open = position;
  const row = rowAt(rows[position], () => open === position && show(position));
  const ends = { first: position === 0, last: position === rows.length - 1 };
  if (row !== undefined) details.show(rows[position], row, ends);
}

function change(part) {
  Object.assign(state, part);
  writeState(state, head);
  select();
}

function turnTo(part) {
  state.part = Math.max(0, Math.min(layout.parts - 1, part));
  writeState(state, head);
  arrange();
  scrollTo({ top: 0 });
}

async function readNames() {
  const parts = Math.ceil(head.rows / head.namesPerPart);
  // Reads one part ahead of the one that is being added.
  let ahead = parts > 0 ? pages.names(0) : undefined;
  for (let index = 0; index < parts; index++) {
    const names = await ahead;
    if (names === undefined) return;
    ahead = index + 1 < parts ? pages.names(index + 1) : undefined;
    takeNames(names);
    select();
  }
}

Object.assign(state, readState(head));
describe(head);
createControls(head, state, change);
$('#before').onclick = () => turnTo(shownPart - 1);
$('#after').onclick = () => turnTo(shownPart + 1);
$('#previous').onclick = () => show(open - 1);
$('#next').onclick = () => show(open + 1);
$('#close').onclick = () => details.dialog.close();
details.dialog.addEventListener('close', () => {
  open = -1;
});
details.dialog.addEventListener('click', (event) => {
  if (event.target === details.dialog) details.dialog.close();
});
addEventListener('scroll', drawSoon, { passive: true });
// Somebody followed another link into this sheet in the same tab.
addEventListener('hashchange', () => {
  if (location.hash !== toHash(state, head)) location.reload();
});
new ResizeObserver(() => {
  if ($('#grid').clientWidth !== layout?.width) arrange();
}).observe($('#grid'));
addEventListener('keydown', (event) => {
  if (open >= 0 && event.key === 'ArrowLeft') show(open - 1);
  else if (open >= 0 && event.key === 'ArrowRight') show(open + 1);
  else if (open < 0 && event.key === '/' && event.target !== $('#query')) {
    event.preventDefault();
    $('#query').select();
  }
});
select();
readNames();
