# One image for every process of Pinflow; the command says which. Node runs the TypeScript sources directly, so only
# the page is built: what is tested is what runs.
FROM node:24.21.0-slim AS packages
WORKDIR /srv/pinflow
ENV NODE_ENV=production
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses a lock file without the entries of other platforms' optional packages. This takes the versions
# and hashes of the lock file as they are and does not write it. Go back once the lock file has those entries.
# The bootstrap of the commands would install what is missing; the note and the links tell it that nothing is.
RUN npm install --no-save --omit=dev --ignore-scripts \
 && sha256sum package-lock.json | cut -d ' ' -f 1 > node_modules/.pinflow-lock \
 && ln -s ../../cli/pinflow.mjs node_modules/.bin/pinflow \
 && ln -s ../../cli/tctl.mjs node_modules/.bin/tctl

# The page: its builder and libraries are of no use at run time.
FROM node:24.21.0-slim AS page
WORKDIR /srv/pinflow
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm install --no-save --ignore-scripts
COPY web ./web
RUN npm run build:page

FROM node:24.21.0-slim
WORKDIR /srv/pinflow
# Zstandard and file reads of several slots share libuv's threads; four are too few.
ENV NODE_ENV=production \
    PINFLOW_HOME=/var/lib/pinflow \
    PATH=/srv/pinflow/node_modules/.bin:$PATH \
    UV_THREADPOOL_SIZE=16 \
    NODE_OPTIONS="--disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning"
# State and caches of a process (DuckDB's spill files) are the only thing that it may write.
RUN mkdir -p -m 700 /var/lib/pinflow && chown node:node /var/lib/pinflow
COPY --from=packages /srv/pinflow/node_modules ./node_modules
COPY package.json package-lock.json ./
COPY domain ./domain
COPY adapters ./adapters
COPY setup ./setup
COPY keys ./keys
COPY activities ./activities
COPY questions ./questions
COPY interventions ./interventions
COPY workflows ./workflows
COPY workers ./workers
COPY api ./api
COPY emulator ./emulator
COPY cli ./cli
COPY --from=page /srv/pinflow/web/built ./web/built
# The commands of cli/ start through the bootstrap, which finds Node and the packages in place.
COPY stack/bootstrap.mjs stack/end-with-parent.mjs ./stack/
USER node
EXPOSE 8000
# Right for the default command; docker-compose.yml gives each other process its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "api/main.ts"]
