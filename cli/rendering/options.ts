import { type Command, Option } from 'commander';
import { DEFAULTS, LENS_MM, SIDE_BOUNDS } from '../../services/images/defaults.ts';
import { parseCount, parseNumber, parseSeed } from '../terminal/option-values.ts';
import {
  BACKGROUNDS,
  DENOISING,
  NORMALS,
  PRESETS,
  parseLighting,
  parseModalities,
  parseRaw,
  parseSize,
  parseViews,
  SCALES,
} from './spec.ts';

const { width, fieldOfViewDegrees, framingMargin, lightStrength, creaseDegrees, depthStep } = DEFAULTS;
const LENS = `${fieldOfViewDegrees.toFixed(1)}, a ${LENS_MM} mm lens`;

/** Gives a command the options that say how images look: SpecOptions. */
export function withImageOptions(command: Command): Command {
  return command
    .optionsGroup('Images:')
    .addOption(choice('--preset <preset>', 'samples and denoiser together (default: standard)', PRESETS))
    .option(
      '--size <WxH>',
      `pixels, ${SIDE_BOUNDS.least} to ${SIDE_BOUNDS.most} each; one number for a square (default: ${width})`,
      parseSize,
    )
    .option('--samples <n>', "samples a pixel (default: the preset's)", parseCount)
    .addOption(choice('--denoise <how>', "denoiser of the textured image (default: the preset's)", DENOISING))
    .option('--seed <n>', 'seed of the sampling, a whole number (default: 0)', parseSeed)
    .option(
      '--views <views>',
      'front, ring:COUNT, ring:COUNT@DEGREES above the horizon, or sphere:COUNT (default: front)',
      parseViews,
    )
    .option('--field-of-view <degrees>', `horizontal field of view (default: ${LENS})`, parseNumber)
    .option(
      '--margin <share>',
      `border around the object, as a share of half the image (default: ${framingMargin})`,
      parseNumber,
    )
    .option(
      '--lighting <light>',
      'studio, uniform, or s3://bucket/key of an .hdr or .exr (default: studio)',
      parseLighting,
    )
    .option('--light-strength <factor>', `factor on all light (default: ${lightStrength})`, parseNumber)
    .addOption(
      choice('--background <background>', 'background of the textured image (default: transparent)', BACKGROUNDS),
    )
    .addOption(choice('--normals <frame>', 'axes of the normals; camera is X right, Y up (default: camera)', NORMALS))
    .option(
      '--crease-degrees <degrees>',
      `angle from which a crease is an edge (default: ${creaseDegrees})`,
      parseNumber,
    )
    .option(
      '--depth-step <share>',
      `step in depth that is an edge, as a share of the depth (default: ${depthStep})`,
      parseNumber,
    )
    .option('--modalities <list>', 'images to make, of textured,normal,depth,edge (default: all)', parseModalities)
    .option('--raw <list>', 'further files, of depth-exr,depth-png16,normal-exr', parseRaw)
    .addOption(choice('--scale <scale>', 'metres as in the file, or longest side 1 (default: metric)', SCALES));
}

function choice(flags: string, description: string, words: object): Option {
  return new Option(flags, description).choices(Object.keys(words));
}
