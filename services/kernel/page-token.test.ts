import { expect, test } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { formatToken, pageSizeOf, parseToken } from './page-token.ts';

const REQUEST = JSON.stringify(['listJobs', [], '']);

test.each([[['a key with / + % and ünïcode\n']], [['1', '2']], [[]]])(
  'position %j comes back as it was',
  (position) => {
    expect(parseToken(formatToken(position, REQUEST), REQUEST)).toEqual(position);
  },
);

test('a token is safe in a URL and does not show its position as text', () => {
  const token = formatToken(['assets/chair.glb', '>>>???'], REQUEST);
  expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(token).not.toContain('chair');
});

const REFUSAL = { reason: 'invalid_page_token', detail: { violations: [{ field: 'page_token' }] } };

test('a token of another request is refused', () => {
  const token = formatToken(['x'], REQUEST);
  expect(thrownBy(() => parseToken(token, JSON.stringify(['listJobs', [3], ''])))).toMatchObject(REFUSAL);
});

test.each(['garbage', 'AA', '!!!', '%00', 'A'.repeat(5000), formatToken(['x'], REQUEST).slice(0, -1)])(
  'garbage %# is refused',
  (token) => {
    expect(thrownBy(() => parseToken(token, REQUEST))).toMatchObject(REFUSAL);
  },
);

test('a token with any bit changed is refused', () => {
  const bytes = Buffer.from(formatToken(['position'], REQUEST), 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = changed[at]! ^ 1;
    expect(
      thrownBy(() => parseToken(changed.toString('base64url'), REQUEST)),
      `byte ${at}`,
    ).toMatchObject(REFUSAL);
  }
});

test('another spelling of the same bytes is refused', () => {
  const token = formatToken(['position'], REQUEST);
  expect(thrownBy(() => parseToken(`${token}=`, REQUEST))).toMatchObject(REFUSAL);
  expect(thrownBy(() => parseToken(` ${token}`, REQUEST))).toMatchObject(REFUSAL);
});

test('the page size is the default for 0 and never over the maximum', () => {
  expect([0, 1, 1000, 1001, 2 ** 31 - 1].map((asked) => pageSizeOf(asked, 50, 1000))).toEqual([
    50, 1, 1000, 1000, 1000,
  ]);
});
