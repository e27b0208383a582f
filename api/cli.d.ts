declare const exitCodes: {
    readonly ok: 0;
    readonly failed: 1;
    readonly usage: 2;
    readonly incomplete: 3;
    readonly interrupted: 130;
    readonly terminated: 143;
};
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
interface Output {
    write(text: string, done?: (error?: Error | null) => void): boolean;
    readonly isTTY?: boolean | undefined;
    readonly columns?: number | undefined;
    readonly fd?: number | undefined;
}
interface Input extends AsyncIterable<Buffer | string> {
    readonly isTTY?: boolean | undefined;
    readonly fd?: number | undefined;
}
interface Io {
    readonly stdin: Input;
    readonly stdout: Output;
    readonly stderr: Output;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
}
declare function runCli(args: readonly string[], io: Io): Promise<ExitCode>;
export { exitCodes, runCli };
export type { ExitCode, Input, Io, Output };
