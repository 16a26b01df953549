/** The device that beats, records and metrics name where Blender has no GPU. */
export const CPU = 'CPU';

/** Whether a device is a GPU, such as `OPTIX: NVIDIA H100`. */
export function isGpu(device: string): boolean {
  return device !== CPU;
}
