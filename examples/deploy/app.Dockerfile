# A program that reranks, in an image with glibc. The project has package.json, package-lock.json and server.mjs.
FROM node:24-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
# Without the CUDA libraries that onnxruntime-node downloads on Linux x64, and a processor does not need.
ENV ONNXRUNTIME_NODE_INSTALL=skip
RUN npm ci --omit=dev
# onnxruntime-node holds the binaries of every platform: keep this one's.
RUN find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 ! -path "*/$(node -p 'process.platform + "/" + process.arch')" -exec rm -r {} +
# Sources and maps are for reading.
RUN find node_modules/@secondpass -type d -name src -prune -exec rm -r {} + && find node_modules -name '*.map' -delete

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=install /app/node_modules ./node_modules
COPY . .
USER node
CMD ["node", "server.mjs"]
