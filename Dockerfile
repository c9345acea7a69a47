FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The clients of NATS, Redis and PostgreSQL are optional peers, which npm leaves out. As required peers they come in the versions of the lockfile.
RUN npm pkg delete devDependencies \
    peerDependenciesMeta.@nats-io/jetstream peerDependenciesMeta.@nats-io/obj peerDependenciesMeta.@nats-io/transport-node \
    peerDependenciesMeta.ioredis peerDependenciesMeta.pg \
  && npm ci --omit=dev --ignore-scripts --no-update-notifier
# Half of the packages is never loaded: source maps, typings, zod's sources, and the copy of GraphiQL for require().
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
# The image needs the built console only.
RUN node scripts/console.mjs && rm -r src/console

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="seamline" \
  org.opencontainers.image.description="GraphQL subscriptions: what is there now, and then everything that changes" \
  org.opencontainers.image.licenses="MIT"
WORKDIR /app
# Of the container's memory: Node would let the heap have half of it, and a full map may need more.
ENV NODE_ENV=production SEAMLINE_HOST=0.0.0.0 MALLOC_ARENA_MAX=1 NODE_OPTIONS=--max-old-space-size-percentage=80
# For `--data /data`: a volume that is mounted here takes the owner of this directory.
RUN install -d -o 1000 -g 1000 /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY schema ./schema
COPY --from=console /app/src ./src
COPY --from=console /app/dist ./dist
# The user node, by number: Kubernetes' runAsNonRoot cannot resolve a name.
USER 1000:1000
EXPOSE 4000
# Checks liveness by /health: a node that waits for its engine is alive. It reads the port from the environment and cannot see --port.
# Kubernetes sets `SEAMLINE_PORT=tcp://…` for a service called seamline; that is no port.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${['SEAMLINE_PORT', 'PORT'].map((name) => process.env[name]).find((port) => /^[0-9]+$/.test(port)) ?? 4000}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Without a shell in between, Node receives SIGTERM itself and drains.
ENTRYPOINT ["node", "src/cli/main.ts"]
