'use strict'
// The folder of this model, and its files: each is named, so that tools which copy what a program needs (the file tracers
// of Next.js and Vercel) see them.
const { join } = require('node:path')

exports.folder = __dirname
exports.files = [
  join(__dirname, 'model.onnx'),
  join(__dirname, 'tokenizer.json'),
  join(__dirname, 'tokenizer_config.json'),
  join(__dirname, 'config.json'),
  join(__dirname, 'calibration.json'),
  join(__dirname, 'SHA256SUMS'),
  join(__dirname, 'package.json'),
]
