/** The model and the native code of the runtime are files: they stay outside the bundle, and are traced into it. */
export default { output: 'standalone', serverExternalPackages: ['@secondpass/core'] }
