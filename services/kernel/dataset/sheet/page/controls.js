import { $, make } from './dom.js';
import { slug } from './query.js';
import { formatCount, toHref } from './text.js';

const MOST_REASONS = 12;

/** Shows the title and the totals of the sheet. */
export function describe(head) {
  $('#title').textContent = head.outputUri.replace(/^s3:\/\//, '');
  const { succeeded, failed, skipped } = head.outcomes;
  const time = new Date(head.time);
  const words = [
    `${formatCount(head.rows)} ${head.rows === 1 ? 'asset' : 'assets'}`,
    head.images > 0 ? `${formatCount(head.images)} images` : '',
    `${formatCount(succeeded)} succeeded`,
    failed > 0 ? `${formatCount(failed)} failed` : '',
    skipped > 0 ? `${formatCount(skipped)} skipped` : '',
  ];
  $('#summary').textContent = words.filter((word) => word !== '').join(' · ');
  const minute = time.toISOString().slice(0, 16).replace('T', ' ');
  $('#about').textContent = `${head.operation}, job ${head.jobId}, ${minute} UTC, Cyclorama ${head.version}`;
  $('#spec').textContent = JSON.stringify(head.spec);
  $('#links').replaceChildren(
    ...head.files.map((file) => {
      const link = make('a', '', file);
      link.href = toHref(file);
      return link;
    }),
  );
}

/** Makes the filter box, the choices and the order. They call `change` with the changed part of the state. */
export function createControls(head, state, change) {
  const query = $('#query');
  query.value = state.query;
  const share = head.figures.find(({ unit }) => unit === 'share');
  query.placeholder = `Name or reason, ${share === undefined ? 'seconds>5' : `${slug(share.title)}<10%`}, -not`;
  query.oninput = () => change({ query: query.value, part: 0 });
  const { failed, skipped, succeeded } = head.outcomes;
  const outcomes = [
    ['', 'All', head.rows],
    ['succeeded', 'Succeeded', succeeded],
    ['failed', 'Failed', failed],
    ['skipped', 'Skipped', skipped],
    ['warnings', 'Warnings', head.warned],
  ];
  const some = outcomes.filter(([value, , count]) => value === '' || value === state.outcome || count > 0);
  choices($('#outcomes'), some, state.outcome, (outcome) => change({ outcome, part: 0 }));
  const tiles = [['-1', 'All'], ...head.tiles.map((tile, i) => [String(i), tile])];
  choices($('#tiles'), tiles, String(state.shown), (shown) => change({ shown: Number(shown), part: 0 }));
  $('#tiles').hidden = head.tiles.length < 2;
  offerOrders(head, state, change);
  offerReasons(head, query);
}

function offerOrders(head, state, change) {
  const order = $('#order');
  const names = ['Name', ...head.figures.map(({ title }) => title)];
  const orders = names.flatMap((name, i) => [
    { label: `${name} ↑`, by: i - 1, descending: false },
    { label: `${name} ↓`, by: i - 1, descending: true },
  ]);
  order.replaceChildren(...orders.map(({ label }) => make('option', '', label)));
  order.selectedIndex = orders.findIndex(({ by, descending }) => by === state.by && descending === state.descending);
  order.onchange = () => {
    const { by, descending } = orders[order.selectedIndex];
    change({ by, descending, part: 0 });
  };
}

/** Makes buttons for the most frequent reasons. A click writes the reason into the filter box. */
function offerReasons({ reasons }, query) {
  const most = reasons.toSorted((a, b) => b.count - a.count).slice(0, MOST_REASONS);
  $('#reasons').replaceChildren(
    ...most.map(({ name, count }) => {
      const button = make('button', '', name, make('span', 'count', formatCount(count)));
      button.type = 'button';
      button.onclick = () => {
        const word = `reason:${name}`;
        query.value = query.value === word ? '' : word;
        query.dispatchEvent(new Event('input'));
      };
      return button;
    }),
  );
  $('#reasons').hidden = most.length === 0;
}

/** Makes a group of buttons, of which one is pressed. */
function choices(element, options, chosen, onChoice) {
  element.replaceChildren(
    ...options.map(([value, label, count]) => {
      const number = count === undefined ? undefined : make('span', 'count', formatCount(count));
      const button = make('button', '', label, number);
      button.type = 'button';
      button.ariaPressed = String(value === chosen);
      button.onclick = () => {
        for (const each of element.children) each.ariaPressed = String(each === button);
        onChoice(value);
      };
      return button;
    }),
  );
}

/** Reads filter, order and tiles from the address, so that a link shows the same view that its sender saw. */
export function readState({ figures, tiles, outcomes }) {
  const words = new URLSearchParams(location.hash.slice(1));
  const order = words.get('order') ?? '';
  const by = figures.findIndex(({ title }) => slug(title) === order.replace(/^-/, ''));
  const outcome = words.get('outcome') ?? '';
  return {
    query: words.get('filter') ?? '',
    outcome: outcome in outcomes || outcome === 'warnings' ? outcome : '',
    by,
    descending: order.startsWith('-'),
    shown: tiles.indexOf(words.get('show')),
    part: Math.max(0, Math.trunc(Number(words.get('part') ?? 1)) - 1 || 0),
  };
}

/** Writes the state to the address. It replaces the entry of the history, so that typing adds no entries. */
export function writeState(state, head) {
  location.replace(toHash(state, head) || '#');
}

/** Returns the hash of the address for filter, order and tiles, in the form that browsers return. */
export function toHash({ query, outcome, by, descending, shown, part }, { figures, tiles }) {
  const order = `${descending ? '-' : ''}${by < 0 ? 'name' : slug(figures[by].title)}`;
  const all = { filter: query, outcome, order: order === 'name' ? '' : order, show: tiles[shown] ?? '' };
  const some = Object.entries({ ...all, part: part === 0 ? '' : String(part + 1) }).filter(([, value]) => value !== '');
  return some.length === 0 ? '' : `#${new URLSearchParams(some)}`;
}
