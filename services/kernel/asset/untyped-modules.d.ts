declare module 'draco3dgltf' {
  const draco3d: { createDecoderModule(): Promise<unknown> };
  export default draco3d;
}

declare module 'pngjs' {
  interface Pixels {
    width: number;
    height: number;
    data: Buffer;
  }
  export const PNG: {
    sync: {
      write(pixels: Pixels, options?: { deflateLevel?: number }): Buffer;
      read(bytes: Buffer): Pixels;
    };
  };
}
