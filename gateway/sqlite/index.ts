export { openDatabase } from "./open-database.ts";
export { driverFor, sqliteDriver } from "./sqlite-driver.ts";
