FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier
# The clients of NATS and Redis are optional peers, which npm leaves out with the packages of the tests: here are the same versions.
RUN npm install --prefix /clients --no-save --ignore-scripts --no-update-notifier $(node -p "Object.entries(require('./package-lock.json').packages).flatMap(([path, { version }]) => /^node_modules\/(@nats-io\/.*|js-sha256|tweetnacl|ioredis|@ioredis\/.*|cluster-key-slot|debug|ms|denque|redis-errors|standard-as-callback)$/.test(path) ? path.slice(13) + '@' + version : []).join(' ')") \
  && cp -r /clients/node_modules/. node_modules/
# Half of it is never loaded: source maps, typings, zod's sources, GraphiQL a second time for require().
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.[cm]ts' \) -delete \
  && rm -rf node_modules/zod/src node_modules/@graphql-yoga/render-graphiql/cjs

FROM node:24-bookworm-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-update-notifier
COPY tsconfig.json ./
COPY schema ./schema
COPY src ./src
COPY scripts/console.mjs scripts/lock.mjs ./scripts/
# What is built of it is all that the image needs.
RUN node scripts/console.mjs && rm -r src/console

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="seamline" \
  org.opencontainers.image.description="GraphQL subscriptions: what is there now, and then everything that changes" \
  org.opencontainers.image.licenses="MIT"
WORKDIR /app
ENV NODE_ENV=production SEAMLINE_HOST=0.0.0.0 MALLOC_ARENA_MAX=1
# For `--data /data`: a volume that is mounted there is its user's, too.
RUN install -d -o 1000 -g 1000 /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY schema ./schema
COPY --from=console /app/src ./src
COPY --from=console /app/dist ./dist
# The user node, by number: Kubernetes' runAsNonRoot can't tell what a name stands for.
USER 1000:1000
EXPOSE 4000
# Liveness, as /health is; a node that waits for its engine is alive. It sees the port in the environment, not in --port;
# `SEAMLINE_PORT=tcp://…` is what Kubernetes makes of a service called seamline, and no port.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${['SEAMLINE_PORT', 'PORT'].map((name) => process.env[name]).find((port) => /^[0-9]+$/.test(port)) ?? 4000}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node gets SIGTERM itself, and drains.
ENTRYPOINT ["node", "src/cli/main.ts"]
