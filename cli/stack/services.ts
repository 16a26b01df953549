/** A gRPC service of the local stack. A new service adds one row. */
export interface ServiceRow {
  name: string;
  /** Folder under services/ with its main.ts. */
  folder: string;
  grpcPort: number;
  httpPort: number;
}

export const SERVICES = [
  { name: 'discovery', folder: 'discovery', grpcPort: 50051, httpPort: 9101 },
  { name: 'analysis', folder: 'analysis', grpcPort: 50052, httpPort: 9102 },
  { name: 'rendering', folder: 'rendering', grpcPort: 50053, httpPort: 9103 },
] as const satisfies ServiceRow[];

export type ServiceName = (typeof SERVICES)[number]['name'];
