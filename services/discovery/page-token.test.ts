import { describe, expect, test } from 'vitest';
import { formatPageToken, type PagePosition, parsePageToken } from './page-token.ts';

const position: PagePosition = { storeToken: 'abc/+=', lastKey: 'ä\n%+.glb', within: true, unsorted: false };
const token = formatPageToken(position, 'request');

test('a token gives back its position', () => {
  expect(parsePageToken(token, 'request')).toEqual(position);
});

test('a token can stand in a URL as it is', () => {
  expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
});

describe('refused as invalid_page_token:', () => {
  test.each([
    ['a token of another request', token, 'other request'],
    ['garbage', 'garbage', 'request'],
    ['a token cut short', token.slice(0, -2), 'request'],
    ['a token with a character changed', token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), 'request'],
    ['a token of another version', `A${token.slice(1)}`.replace(/^../, 'Ag'), 'request'],
    ['characters that base64url does not have', `${token}!`, 'request'],
    ['surrounding space', ` ${token}`, 'request'],
  ])('%s', (_, candidate, requestKey) => {
    expect(() => parsePageToken(candidate, requestKey)).toThrowError(
      expect.objectContaining({ reason: 'invalid_page_token' }),
    );
  });
});
