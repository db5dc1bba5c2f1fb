export { type RedisServer, startRedisServer } from "./redis-server.ts";
export { type SigningSite, startSigningSite } from "./signing-site.ts";
