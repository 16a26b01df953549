import { takeDebianProgram } from './debian.mjs';
import { installGoProgram } from './go.mjs';
import { installGrpcPython } from './python-env.mjs';
import { installDebianProgram } from './system-libraries.mjs';

/**
 * Programs of others that only the system tests use, by their name in the tools file: how each is installed.
 * `install` returns the program's path. A further tool is one row.
 */
export const SYSTEM_TOOLS = {
  grpcurl: {
    title: 'grpcurl',
    install: (note) =>
      installGoProgram(
        'grpcurl',
        { module: 'github.com/fullstorydev/grpcurl/cmd/grpcurl', version: '1.9.4', oldest: [1, 9] },
        note,
      ),
  },
  promtool: {
    title: 'promtool',
    install: (note) => takeDebianProgram('promtool', { pack: 'prometheus', path: 'usr/bin/promtool' }, note),
  },
  chromium: {
    title: 'chromium',
    install: (note) => installDebianProgram('chromium', 'chromium', note),
  },
  grpcPython: {
    title: 'Python with grpcio',
    install: installGrpcPython,
  },
};
