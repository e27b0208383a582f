declare const folder: string;
declare const files: readonly string[];
export { files, folder };
