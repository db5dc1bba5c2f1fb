export { makeSchoolToken, type SchoolToken, TEST_PIN, testKeys } from "./school-token.ts";
