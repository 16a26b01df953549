import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { withImageOptions } from '../../cli/rendering/options.ts';
import { type SpecOptions, toRenderSpec } from '../../cli/rendering/spec.ts';
import { Denoising, RenderPreset, RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { readTools } from '../../scripts/tools.mjs';
import { qualityOf } from '../../services/images/presets.ts';
import { resolveSpec, toSpecJson } from '../../services/rendering/spec.ts';

const RUNTIME = fileURLToPath(new URL('../../blender-runtime', import.meta.url));

function askPython(code: string): unknown {
  const imports = 'import dataclasses, json, sys; sys.path.insert(0, sys.argv[1])';
  const script = `${imports}; from cyclorama_blender.protocol.render_spec import *; ${code}`;
  const text = execFileSync(readTools().python, ['-c', script, RUNTIME], { encoding: 'utf8', timeout: 30_000 });
  // An arc tangent may differ in its last bit.
  return JSON.parse(text, (_, value) => (typeof value === 'number' ? Number(value.toFixed(9)) : value));
}

test('scripts and services mean the same by a preset', () => {
  const ours = Object.entries(RenderPreset)
    .filter(([, preset]) => preset !== RenderPreset.RENDER_PRESET_UNSPECIFIED)
    .map(([name, preset]) => {
      const { samples, denoising } = qualityOf(preset);
      const word = Object.entries(Denoising).find(([, value]) => value === denoising)![0];
      return [name.replace('RENDER_PRESET_', ''), [samples, word.replace('DENOISING_', '')]];
    });
  expect(askPython('print(json.dumps(PRESETS))')).toEqual(Object.fromEntries(ours));
});

test('an empty spec is the default one of the scripts', () => {
  const resolved = JSON.stringify(RenderSpec.toJSON(resolveSpec(RenderSpec.fromPartial({}))));
  const print = (spec: string): unknown => askPython(`print(json.dumps(dataclasses.asdict(${spec})))`);
  expect(print(`RenderSpec.from_json(json.loads(${JSON.stringify(resolved)}))`)).toEqual(print('defaults()'));
});

const described = withImageOptions(new Command()).options.flatMap(({ long, description }) => {
  const value = /\(default: ([\w.]+)/.exec(description)?.[1];
  return value === undefined || value === 'the' ? [] : [[long!, value] as const];
});

test('the help of most image options names a default', () => {
  expect(described.length).toBeGreaterThanOrEqual(14);
});

test.each(described)('%s %s is the default of the service, as the help has it', (option, value) => {
  const words = value === 'all' ? 'edge,textured,normal,depth' : value;
  const options = withImageOptions(new Command()).parse([option, words], { from: 'user' }).opts<SpecOptions>();
  const { fieldOfViewDegrees = 0, ...rest } = toSpecJson(toRenderSpec(options));
  expect(rest).toEqual({});
  if (option !== '--field-of-view') return expect(fieldOfViewDegrees).toBe(0);
  const exact = resolveSpec(RenderSpec.fromPartial({})).fieldOfViewDegrees;
  expect(Math.abs(Number(fieldOfViewDegrees) - exact!)).toBeLessThan(0.05);
});
