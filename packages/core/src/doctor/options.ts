import type { CrossEncoderOptions } from '../score/onnx/options.js'

/** What `doctor` tries out: the options of the scorer that makes trouble. Default: those of the bundled model. */
export type DoctorOptions = Pick<
  CrossEncoderOptions,
  'model' | 'revision' | 'dtype' | 'providers' | 'threads' | 'spinning' | 'workers' | 'hub'
>
