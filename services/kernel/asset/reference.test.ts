import { describe, expect, it } from 'vitest';

import { parseReference } from './reference.ts';

describe('parseReference', () => {
  it.each([
    ['scene.bin', 'scene.bin'],
    ['./textures/wood.png', 'textures/wood.png'],
    ['textures//wood.png', 'textures/wood.png'],
    ['textures\\wood.png', 'textures/wood.png'],
    ['my%20textures/%C3%A4.png', 'my textures/ä.png'],
    ['100%.png', '100%.png'],
    ['a/../b.png', 'b.png'],
    ['a%2e.png', 'a..png'],
    ['%252e%252e/b.png', '%2e%2e/b.png'],
    ['wood.png?v=1', 'wood.png?v=1'],
  ])('takes %s for the file %s', (uri, path) => {
    expect(parseReference(uri)).toEqual({ kind: 'file', path });
  });

  it('knows what is embedded and what nobody can read', () => {
    expect(parseReference('data:image/png;base64,AAAA')).toEqual({ kind: 'embedded' });
    expect(parseReference('data:text/plain,hello')).toEqual({ kind: 'unreadable' });
    expect(parseReference('')).toEqual({ kind: 'unreadable' });
    expect(parseReference('textures/')).toEqual({ kind: 'unreadable' });
  });

  it.each([
    ['../secret.bin', "leaves the asset's folder"],
    ['..', "leaves the asset's folder"],
    ['a/../../secret.bin', "leaves the asset's folder"],
    ['%2e%2e/secret.bin', "leaves the asset's folder"],
    ['%2E%2E%2Fsecret.bin', "leaves the asset's folder"],
    ['..\\secret.bin', "leaves the asset's folder"],
    ['data:image/x/../../../../etc/passwd', "leaves the asset's folder"],
    ['/etc/passwd', 'is absolute'],
    ['//host/share.bin', 'is absolute'],
    ['%2fetc/passwd', 'is absolute'],
    ['\\\\host\\share.bin', 'is absolute'],
    ['file:///etc/passwd', 'scheme'],
    ['http://host/a.bin', 'scheme'],
    ['HTTPS://host/a.bin', 'scheme'],
    ['s3://bucket/a.bin', 'scheme'],
    ['C:\\textures\\a.png', 'drive letter'],
    ['a%00.png', 'control characters'],
    ['a\n.png', 'control characters'],
  ])('refuses %s', (uri, why) => {
    expect(() => parseReference(uri)).toThrowError(
      expect.objectContaining({ reason: 'unsafe_reference', message: expect.stringContaining(why) }),
    );
  });
});
