/** Heartbeats, records and metrics name this device if Blender has no GPU. */
export const CPU = 'CPU';

/** Returns whether a device is a GPU, such as `OPTIX: NVIDIA H100`. */
export function isGpu(device: string): boolean {
  return device !== CPU;
}
