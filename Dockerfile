# One image for gateway, worker and token host; docker-compose.yml says which command each runs.
FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY certs/package.json certs/
COPY signatures/package.json signatures/
COPY hsm-adapters/package.json hsm-adapters/
COPY gateway/package.json gateway/
COPY verifier-web/package.json verifier-web/
COPY test/package.json test/
ENV npm_config_build_from_source=true
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
# softhsm2 serves trials; a real token or HSM brings its own PKCS #11 module, mounted into the token host.
RUN apt-get update && apt-get install -y --no-install-recommends softhsm2 fonts-dejavu-core fonts-liberation2 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app /app
USER node
ENV NODE_ENV=production
ENTRYPOINT ["node", "--max-semi-space-size=32", "/app/gateway/dist/cli/main.js"]
CMD ["--help"]
