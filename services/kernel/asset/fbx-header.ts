import type { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import { cutText } from './header-text.ts';

const AXES = ['X', 'Y', 'Z'];
const CENTIMETRES_PER_METRE = 100;
const TEXT = 0x53;
const INT32 = 0x49;
const DOUBLE = 0x44;

/**
 * Reads the header facts of a binary FBX from its beginning, where the settings are uncompressed.
 * It searches records by name and has no parser of the tree, because these facts are only hints.
 */
export function readFbxHeader(head: Buffer): Partial<FileHeader> {
  const up = settingAt(head, 'UpAxis', INT32);
  const unit = settingAt(head, 'UnitScaleFactor', DOUBLE);
  const centimetres = unit !== undefined && unit + 8 <= head.length ? head.readDoubleLE(unit) : 0;
  return {
    generator: cutText(textAfter(head, Buffer.from('\x07Creator'))),
    upAxis: (up !== undefined && up + 4 <= head.length && AXES[head.readInt32LE(up)]) || '',
    unitMetres: Number.isFinite(centimetres) && centimetres > 0 ? centimetres / CENTIMETRES_PER_METRE : 0,
  };
}

/** Finds the offset of a setting's value. A record has four texts (name, type, label, flags), then the typed value. */
function settingAt(head: Buffer, name: string, type: number): number | undefined {
  let at = head.indexOf(Buffer.concat([Buffer.from([TEXT, name.length, 0, 0, 0]), Buffer.from(name)]));
  if (at < 0) return undefined;
  for (let texts = 0; texts < 4; texts++) {
    if (head[at] !== TEXT || at + 5 > head.length) return undefined;
    at += 5 + head.readUInt32LE(at + 1);
  }
  return head[at] === type ? at + 1 : undefined;
}

function textAfter(head: Buffer, name: Buffer): string | undefined {
  const found = head.indexOf(name);
  const at = found + name.length;
  if (found < 0 || head[at] !== TEXT || at + 5 > head.length) return undefined;
  return head.toString('utf8', at + 5, Math.min(head.length, at + 5 + head.readUInt32LE(at + 1)));
}
