/** Absolute paths of the programs that set-up installed. */
export interface Tools {
  /** Interpreter of the environment that holds bpy. */
  python: string;
  natsServer: string;
  versitygw: string;
  /** Interpreter of the tests' environment; only after `node scripts/setup.mjs --test`. */
  testPython?: string;
  motoServer?: string;
  weed?: string;
  /** Programs of the system tests; only after `node scripts/setup.mjs --system`. */
  grpcurl?: string;
  promtool?: string;
  chromium?: string;
  /** Interpreter of the environment that holds grpcio and grpcio-tools. */
  grpcPython?: string;
}

export declare const TOOLS_FILE: string;
export declare function readTools(): Tools;
