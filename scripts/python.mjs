import { spawnSync } from 'node:child_process';
import { readTools } from './tools.mjs';

// The tests' Python where it is installed (it has pytest and ruff), else the runtime's.
const { testPython, python } = readTools();
const { status, signal, error } = spawnSync(testPython ?? python, process.argv.slice(2), { stdio: 'inherit' });
if (error) throw error;
process.exitCode = status ?? (signal ? 1 : 0);
