# The same on Alpine, for which onnxruntime-node has no binaries: onnxruntime-web computes in WebAssembly, several times
# slower. Prefer the image with glibc where you can choose. The project has onnxruntime-web among its dependencies.
FROM node:24-alpine AS install
WORKDIR /app
COPY package.json package-lock.json ./
ENV ONNXRUNTIME_NODE_INSTALL=skip
RUN npm ci --omit=dev
RUN rm -r node_modules/onnxruntime-node/bin
RUN find node_modules/@secondpass -type d -name src -prune -exec rm -r {} + && find node_modules -name '*.map' -delete

FROM node:24-alpine
WORKDIR /app
ENV NODE_ENV=production
COPY --from=install /app/node_modules ./node_modules
COPY . .
USER node
CMD ["node", "server.mjs"]
