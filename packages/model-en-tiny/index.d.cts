/** The folder of this model, for the option `model` of a scorer. */
export declare const folder: string
/** The files that a scorer reads, by full path. */
export declare const files: readonly string[]
