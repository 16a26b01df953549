// This program replaces Blender in tests that stage a fault. It uses descriptors 3 and 4. The traceId of a request
// names the act, and the first argument says how to start.
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

const START = process.argv[2] ?? 'ready';
const hoard = [];

function send(event) {
  writeSync(4, `${JSON.stringify(event)}\n`);
}

/** Writes synchronously, as Python does; with console.log, a part of the log could come after the event. */
function print(line) {
  writeSync(1, `${line}\n`);
}

function sleepForever() {
  setInterval(() => {}, 1 << 30);
}

const acts = {
  succeed: (requestId) => send({ requestId, result: { rssBytes: '1000', selftest: { blenderVersion: 'fake' } } }),
  refuse: (requestId) => {
    print('the importer says no');
    send({ requestId, failure: { reason: 'import_failed', message: 'Invalid header.', stage: 'import' } });
  },
  'run-out': (requestId) => send({ requestId, failure: { reason: 'blender_out_of_memory', message: 'MemoryError' } }),
  hang: () => {},
  compute: (requestId) => {
    const end = performance.now() + 1_500;
    while (performance.now() < end);
    acts.succeed(requestId);
  },
  tick: (requestId) => {
    let ticks = 0;
    const timer = setInterval(() => {
      send({ requestId, progress: { stage: 'import' } });
      if (++ticks < 10) return;
      clearInterval(timer);
      acts.succeed(requestId);
    }, 50);
  },
  'tick-forever': (requestId) => {
    setInterval(() => send({ requestId, progress: { stage: 'import' } }), 20);
  },
  crash: () => {
    console.error('about to crash');
    process.kill(process.pid, 'SIGSEGV');
  },
  exit: () => process.exit(7),
  garbage: () => writeSync(4, 'Read blend: "x.blend"\n'),
  flood: () => {
    // The reader may close the pipe during the flood, and the pipe may be full for a moment.
    const timer = setInterval(() => {
      try {
        for (let at = 0; at < 100; at += 1) writeSync(4, 'x'.repeat(65_536));
      } catch (error) {
        if (error.code !== 'EAGAIN') clearInterval(timer);
      }
    }, 1);
  },
  grow: () => {
    setInterval(() => hoard.push(Buffer.alloc(32 << 20, 1)), 20);
  },
  child: (requestId) => {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    send({ requestId, progress: { stage: `child ${child.pid}` } });
  },
  chatter: (requestId) => {
    for (let line = 0; line < 250; line += 1) print(`line ${line} ${'y'.repeat(line === 249 ? 2_000 : 1)}`);
    send({ requestId, failure: { reason: 'import_failed', message: 'no', stage: 'import' } });
  },
};

if (START === 'dies') {
  console.error('libX11.so.6: cannot open shared object file');
  process.exit(1);
}
if (START === 'mute') sleepForever();
else send({ ready: { blenderVersion: '0.0 fake', pythonVersion: '0', pid: process.pid } });
if (START === 'chatty') print(`${process.pid}`);

for await (const line of createInterface({ input: new Socket({ fd: 3 }) })) {
  const { requestId, traceId } = JSON.parse(line);
  acts[traceId](requestId);
}
process.exit(0);
