export declare function decodeNames(shared: number[], rest: string[]): string[];
export declare function toHref(path: string): string | undefined;
export declare function formatCount(value: number): string;
export declare function formatFigure(value: number | null | undefined, unit: string): string;
export declare function toLabel(file: string): string;
export declare function groupFiles(files: string[]): { folder: string; images: string[]; others: string[] }[];
export declare function sortImages(images: string[], tiles: string[]): string[];
