import { expect, test } from 'vitest';
import { nextPhase, type Phase } from './phase.ts';

const [YES, NO] = [true, false];

test.each<[Phase, boolean, boolean, boolean, boolean, Phase]>([
  // phase, planned, complete, needsClosing, closed, next
  ['walking', NO, NO, YES, NO, 'walking'],
  ['walking', YES, NO, YES, NO, 'waiting'],
  ['walking', YES, YES, YES, NO, 'closing'],
  ['walking', YES, YES, NO, NO, 'over'],
  ['waiting', YES, NO, YES, NO, 'waiting'],
  ['waiting', NO, NO, YES, NO, 'walking'],
  ['waiting', YES, YES, YES, NO, 'closing'],
  ['waiting', YES, YES, NO, NO, 'over'],
  ['closing', YES, YES, YES, NO, 'closing'],
  ['closing', NO, NO, YES, NO, 'closing'],
  ['closing', YES, YES, YES, YES, 'over'],
  ['over', NO, NO, YES, NO, 'over'],
])(
  'a drive that is %s (planned: %j, complete: %j, needs closing: %j, closed: %j) is %6$s next',
  (phase, planned, complete, needsClosing, closed, next) => {
    expect(nextPhase(phase, { planned, complete, needsClosing, closed })).toBe(next);
  },
);
