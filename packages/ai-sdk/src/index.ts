export { type AskedModel, type GenerateSettings, generateWith } from './generate.js'
export { type RerankingSettings } from './model.js'
export { type CallOptions as SecondpassCallOptions } from './call-options.js'
export { type SecondpassProvider, type SecondpassProviderOptions, createSecondpass, secondpass } from './provider.js'
