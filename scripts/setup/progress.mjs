const FRAME_MS = 200;

/** Shows the steps of set-up as plain lines; on a terminal it also shows a live line of the current work. */
export class Progress {
  constructor(stream = process.stderr, now = Date.now) {
    this.stream = stream;
    this.now = now;
    this.started = now();
    this.active = new Map();
    this.timer = undefined;
  }

  /** Runs one step and prints its result. A step that never calls `note` had nothing to do and prints nothing. */
  async step(title, work) {
    const from = this.now();
    const note = (detail) => {
      if (!this.stream.isTTY && !this.active.has(title)) this.#say('...', title, from, detail);
      this.active.set(title, detail);
      this.#draw();
    };
    try {
      const result = await work(note);
      if (this.active.delete(title)) this.#say('ok', title, from, '');
      return result;
    } catch (error) {
      this.active.delete(title);
      this.#say('FAILED', title, from, '');
      throw new StepError(title, error);
    }
  }

  /** Removes the live line. */
  close() {
    clearTimeout(this.timer);
    if (this.stream.isTTY) this.stream.write('\r\x1b[K');
  }

  #say(mark, title, from, detail) {
    const seconds = ((this.now() - from) / 1000).toFixed(1).padStart(6);
    const clear = this.stream.isTTY ? '\r\x1b[K' : '';
    this.stream.write(`${clear}set-up ${mark.padEnd(6)} ${seconds} s  ${title}${detail === '' ? '' : `: ${detail}`}\n`);
  }

  #draw() {
    if (!this.stream.isTTY || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.active.size === 0) return;
      const seconds = ((this.now() - this.started) / 1000).toFixed(0);
      const doing = [...this.active]
        .map(([title, detail]) => (detail === '' ? title : `${title} (${detail})`))
        .join(', ');
      this.stream.write(`\r\x1b[K${`${seconds} s: ${doing}`.slice(0, (this.stream.columns ?? 80) - 1)}`);
      this.#draw();
    }, FRAME_MS);
    this.timer.unref();
  }
}

/** The error of a failed step of set-up, with the name of the step. */
export class StepError extends Error {
  constructor(title, cause) {
    super(`${title}: ${cause.message}`, { cause });
    this.name = 'StepError';
  }
}
