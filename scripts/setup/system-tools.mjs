import { takeDebianProgram } from './debian.mjs';
import { installGoProgram } from './go.mjs';
import { installGrpcPython } from './python-env.mjs';
import { installDebianProgram } from './system-libraries.mjs';

/**
 * Foreign programs that only the system tests use, by their names in the tools file.
 * `install` installs the program and returns its path. To add a tool, add a row.
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
