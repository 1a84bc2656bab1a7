/** The path of Electron's program, or null where it is not downloaded. */
export function electronBinary(): string | null;
