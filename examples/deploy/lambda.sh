#!/bin/sh
# Packs lambda.mjs, beside it package.json and package-lock.json, into function.zip for Lambda (Node.js 22 or newer, x86_64;
# for arm64 run this with ARCH=arm64). Run it on Linux, in the folder of the project.
set -eu
arch=${ARCH:-x64}
ONNXRUNTIME_NODE_INSTALL=skip npm ci --omit=dev
for folder in node_modules/onnxruntime-node/bin/*/*/*; do
  case $folder in */linux/"$arch") ;; *) rm -r "$folder" ;; esac
done
find node_modules/@secondpass -type d -name src -prune -exec rm -r {} +
find node_modules -name '*.map' -delete
rm -f function.zip
zip -qr function.zip lambda.mjs package.json node_modules
