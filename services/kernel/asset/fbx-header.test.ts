import { expect, test } from 'vitest';
import { readFbxHeader } from './fbx-header.ts';

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('S'), length, bytes]);
};

function setting(name: string, type: string, value: Buffer): Buffer {
  const kind = type === 'I' ? ['int', 'Integer'] : ['double', 'Number'];
  return Buffer.concat([...[name, ...kind, ''].map(text), Buffer.from(type), value]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

const CREATOR = Buffer.concat([Buffer.from('\x07Creator'), text('Blender 4.5 - 5.8.12')]);
const SETTINGS = [
  CREATOR,
  setting('UpAxis', 'I', int32(1)),
  setting('UpAxisSign', 'I', int32(1)),
  setting('UnitScaleFactor', 'D', double(2.54)),
];

test('an FBX tells its program, its axis and its unit', () => {
  const header = readFbxHeader(Buffer.concat([Buffer.from('Kaydara FBX Binary  \0'), ...SETTINGS]));
  expect(header).toEqual({ generator: 'Blender 4.5 - 5.8.12', upAxis: 'Y', unitMetres: 0.0254 });
});

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['noise', Buffer.from('SSSSUpAxis'.repeat(50))],
  ['an axis that does not exist', setting('UpAxis', 'I', int32(7))],
  ['a value of another type', setting('UnitScaleFactor', 'I', int32(1))],
  ['a unit of nothing', setting('UnitScaleFactor', 'D', double(0))],
  ['a unit that is no number', setting('UnitScaleFactor', 'D', double(Number.NaN))],
])('an FBX with %s says nothing', (_, head) => {
  expect(readFbxHeader(head)).toEqual({ generator: '', upAxis: '', unitMetres: 0 });
});

test('an FBX that is cut anywhere is read as far as it goes', () => {
  const whole = Buffer.concat(SETTINGS);
  for (let length = 0; length < whole.length; length++) {
    const { upAxis, unitMetres } = readFbxHeader(whole.subarray(0, length));
    expect([upAxis, unitMetres]).toEqual([length < whole.indexOf('UpAxisSign') - 5 ? '' : 'Y', 0]);
  }
});
