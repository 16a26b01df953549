import { describe, expect, test } from 'vitest';
import { readGltfHeader } from './header.ts';

describe('what a glTF says of itself', () => {
  test('is read from asset, its extras and the lists of extensions', () => {
    const header = readGltfHeader({
      asset: {
        version: '2.0',
        generator: 'Sketchfab-12.66.0',
        copyright: '2024 Somebody',
        extras: { author: 'Somebody', license: 'CC-BY-4.0', source: 'https://example.com/a', title: 'Chair' },
      },
      extensionsUsed: ['KHR_texture_transform', 'KHR_materials_unlit', 'KHR_materials_unlit'],
      extensionsRequired: ['KHR_materials_unlit'],
    });
    expect(header).toEqual({
      generator: 'Sketchfab-12.66.0',
      copyright: '2024 Somebody',
      author: 'Somebody',
      license: 'CC-BY-4.0',
      source: 'https://example.com/a',
      title: 'Chair',
      extensionsUsed: ['KHR_materials_unlit', 'KHR_texture_transform'],
      extensionsRequired: ['KHR_materials_unlit'],
      unitMetres: 1,
      upAxis: 'Y',
    });
  });

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    [
      'an object',
      { license: { name: 'CC-BY-4.0', url: 'https://example.com/by' } },
      { license: 'CC-BY-4.0, https://example.com/by' },
    ],
    ['a list', { author: ['Ann', 'Bob', { deep: 'Cy' }] }, { author: 'Ann, Bob' }],
    ['a number', { title: 42 }, { title: '42' }],
    ['another spelling', { Licence: 'MIT', AUTHOR: 'Zoë' }, { license: 'MIT', author: 'Zoë' }],
    [
      'no text',
      { license: true, author: null, title: {}, source: '' },
      { license: '', author: '', title: '', source: '' },
    ],
  ])('is found in extras of %s', (_, extras, said) => {
    expect(readGltfHeader({ asset: { extras } })).toMatchObject(said);
  });

  test.each<[string, Record<string, unknown>]>([
    ['nothing', {}],
    ['nothing in asset', { asset: { version: '2.0' } }],
    ['null', { asset: { version: '2.0', generator: null, extras: null }, extensionsUsed: null }],
    [
      'other types',
      { asset: { generator: 7, copyright: ['a'], extras: 'x' }, extensionsUsed: [7], extensionsRequired: {} },
    ],
  ])('is empty where there is %s', (_, gltf) => {
    const header = readGltfHeader(gltf);
    expect(header).toMatchObject({
      generator: '',
      copyright: '',
      author: '',
      extensionsUsed: [],
      extensionsRequired: [],
    });
  });

  test('is cut where it is long', () => {
    const names = Array.from({ length: 300 }, (_, index) => `EXT_${index}`);
    const header = readGltfHeader({ asset: { generator: 'x'.repeat(10_000) }, extensionsUsed: names });
    expect(header.generator).toHaveLength(500);
    expect(header.extensionsUsed).toHaveLength(100);
  });
});
