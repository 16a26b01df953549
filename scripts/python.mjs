import { spawnSync } from 'node:child_process';
import { readTools } from './tools.mjs';

// This runs the tests' Python, which has pytest and ruff, or the runtime's Python if the former is not installed.
const { testPython, python } = readTools();
const { status, signal, error } = spawnSync(testPython ?? python, process.argv.slice(2), { stdio: 'inherit' });
if (error) throw error;
process.exitCode = status ?? (signal ? 1 : 0);
