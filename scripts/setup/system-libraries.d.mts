/** A library that Blender links against, and the packages that hold it. */
export interface Library {
  soname: string;
  debian: string;
  fedora: string;
}

export declare function missingLibraries(python: string): Promise<Library[] | undefined>;
export declare function installLibraries(missing: Library[], note: (detail: string) => void): Promise<void>;
export declare function libraryCommand(missing: Library[]): string;
export declare function installBubblewrap(note: (detail: string) => void): Promise<boolean>;
